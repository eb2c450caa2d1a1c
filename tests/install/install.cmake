# Installs the component into one folder and moves it to another, where the other tests use it.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)

file(REMOVE_RECURSE ${WORK})
must_run(done ${CMAKE_COMMAND} --install ${BUILD} --component coppice-energy --prefix ${WORK}/first)
file(RENAME ${WORK}/first ${WORK}/prefix)
file(GLOB_RECURSE files RELATIVE ${WORK}/prefix ${WORK}/prefix/*)

foreach(expected include/coppice/energy.h include/coppice/native/energy/tracker.h include/coppice/shared/base/status.h)
  if(NOT expected IN_LIST files)
    message(FATAL_ERROR "${expected} is not installed; there are: ${files}")
  endif()
endforeach()
foreach(file ${files})
  if(file MATCHES "\\.(cpp|py|txt)$|^bin/")
    message(FATAL_ERROR "${file} does not belong to the component")
  endif()
endforeach()
check_installed_library(coppice-energy coppice_energy COPPICE_ENERGY_1)
