# Installs the component into one folder and moves it to another, where the other tests use it.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)

file(REMOVE_RECURSE ${WORK})
must_run(done ${CMAKE_COMMAND} --install ${BUILD} --component coppice-core --prefix ${WORK}/first)
file(RENAME ${WORK}/first ${WORK}/prefix)
file(GLOB_RECURSE files RELATIVE ${WORK}/prefix ${WORK}/prefix/*)
file(GLOB headers RELATIVE ${WORK}/prefix/include/coppice ${WORK}/prefix/include/coppice/*)
if(NOT headers STREQUAL "core.h")
  message(FATAL_ERROR "expected core.h alone; there are: ${files}")
endif()
check_installed_library(coppice-core coppice_core COPPICE_CORE_1)
