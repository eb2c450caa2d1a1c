# `cmake --install BUILD --prefix DIR`: the command line, and the energy library for other projects; the latter alone with
# `--component coppice-energy`. Everything in DIR may be moved as a whole. Described in docs/energy-library.md.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

foreach(program coppice coppice-tools coppice-torch)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME COMPONENT coppice)
  endif()
endforeach()

set(component coppice-energy)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/coppice)

# C++: static libraries; headers keep their include paths from the repository root, below include/coppice. Everything of
# the tracker is in the first name, the rest follows by itself.
set(COPPICE_ENERGY_LIBRARIES
    coppice_energy_native=energy coppice_energy=energy_core coppice_cpu_table=cpu_table coppice_files=files
    coppice_base=base)
foreach(library ${COPPICE_ENERGY_LIBRARIES})
  string(REPLACE "=" ";" library ${library})
  list(GET library 0 target)
  list(GET library 1 name)
  # So that they can be linked into a shared library too, as libcoppice-energy.so does.
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/coppice>)
  target_compile_features(${target} INTERFACE cxx_std_20)
  install(TARGETS ${target} EXPORT coppiceEnergy ARCHIVE COMPONENT ${component})
endforeach()
install(
  DIRECTORY shared/base shared/energy
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/coppice/shared
  COMPONENT ${component}
  FILES_MATCHING
  PATTERN "*.h"
  PATTERN calibration EXCLUDE)
install(
  DIRECTORY native/energy
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/coppice/native
  COMPONENT ${component}
  FILES_MATCHING
  PATTERN "*.h"
  PATTERN c_api EXCLUDE)

# C: one header and one shared library.
set_target_properties(coppice_energy_c PROPERTIES EXPORT_NAME energy_c)
target_include_directories(coppice_energy_c INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(
  TARGETS coppice_energy_c
  EXPORT coppiceEnergyC
  LIBRARY COMPONENT ${component} NAMELINK_COMPONENT ${component})
install(
  FILES native/energy/c_api/energy.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/coppice
  COMPONENT ${component})

foreach(export coppiceEnergy coppiceEnergyC)
  install(
    EXPORT ${export}
    NAMESPACE coppice::
    FILE ${export}Targets.cmake
    DESTINATION ${package_folder}
    COMPONENT ${component})
endforeach()
configure_package_config_file(
  cmake/coppiceConfig.cmake.in ${CMAKE_BINARY_DIR}/coppiceConfig.cmake
  INSTALL_DESTINATION ${package_folder}
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change what a call means.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/coppiceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES ${CMAKE_BINARY_DIR}/coppiceConfig.cmake ${CMAKE_BINARY_DIR}/coppiceConfigVersion.cmake
  DESTINATION ${package_folder}
  COMPONENT ${component})

file(RELATIVE_PATH COPPICE_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" COPPICE_PC_TO_PREFIX ${COPPICE_PC_TO_PREFIX})
configure_file(cmake/coppice-energy.pc.in ${CMAKE_BINARY_DIR}/coppice-energy.pc @ONLY)
install(
  FILES ${CMAKE_BINARY_DIR}/coppice-energy.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT ${component})
