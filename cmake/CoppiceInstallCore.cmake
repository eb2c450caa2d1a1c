# The C library of the core: one header and one shared library, alone with `--component coppice-core`, beside the energy
# library or without it. Described in docs/core-library.md. After CoppiceInstall.cmake, whose package it shares.
set(component coppice-core)
set_target_properties(coppice_core_c PROPERTIES EXPORT_NAME core_c)
target_include_directories(coppice_core_c INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(
  TARGETS coppice_core_c
  EXPORT coppiceCoreC
  LIBRARY COMPONENT ${component} NAMELINK_COMPONENT ${component})
install(
  FILES shared/core_api/core.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/coppice
  COMPONENT ${component})
install(
  EXPORT coppiceCoreC
  NAMESPACE coppice::
  FILE coppiceCoreCTargets.cmake
  DESTINATION ${package_folder}
  COMPONENT ${component})
install(
  FILES ${CMAKE_BINARY_DIR}/coppiceConfig.cmake ${CMAKE_BINARY_DIR}/coppiceConfigVersion.cmake
  DESTINATION ${package_folder}
  COMPONENT ${component})
configure_file(cmake/coppice-core.pc.in ${CMAKE_BINARY_DIR}/coppice-core.pc @ONLY)
install(
  FILES ${CMAKE_BINARY_DIR}/coppice-core.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT ${component})
