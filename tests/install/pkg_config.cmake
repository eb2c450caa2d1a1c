# The C example without CMake.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)

build_by_pkg_config(coppice-energy energy-c/sum_energy.c sum_energy)
must_run(json ${WORK}/sum_energy)
check_report("${json}")
