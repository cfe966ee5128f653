# The SDK as a CMake package: headers, libraries, the runner, opsroom_add_tool().
# `cmake --install build --component sdk --prefix P` installs it alone.
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/opsroom-sdk)

install(DIRECTORY include/opsroom DESTINATION include COMPONENT sdk)
install(
  TARGETS opsroom_tool opsroom_toolkit opsroom_stdio opsroom_export_server opsroom_testkit
          opsroom-plugin-runner
  EXPORT opsroom-sdk
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/opsroom/sdk COMPONENT sdk
  OBJECTS DESTINATION ${CMAKE_INSTALL_LIBDIR}/opsroom/sdk COMPONENT sdk
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT sdk)
install(
  EXPORT opsroom-sdk
  NAMESPACE opsroom::
  FILE opsroom-sdk-targets.cmake
  DESTINATION ${package}
  COMPONENT sdk)
configure_package_config_file(
  cmake/opsroom-sdk-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/opsroom-sdk-config.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(
  ${CMAKE_CURRENT_BINARY_DIR}/opsroom-sdk-config-version.cmake COMPATIBILITY SameMajorVersion)
install(
  FILES ${CMAKE_CURRENT_BINARY_DIR}/opsroom-sdk-config.cmake
        ${CMAKE_CURRENT_BINARY_DIR}/opsroom-sdk-config-version.cmake cmake/OpsroomAddTool.cmake
        cmake/plugin.map
  DESTINATION ${package}
  COMPONENT sdk)
