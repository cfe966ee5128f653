# opsroom_add_tool(NAME SOURCES a.cpp ... [LINKS lib ...] [NO_INSTALL] [OUTPUT_DIRECTORY dir])
#
# One compilation, two products: NAME.so, a plugin library with exactly one exported symbol, and
# NAME-mcp, a stand-alone MCP server for any client. The sources (C or C++) define the entry
#     const opsroom_plugin opsroom_plugin_v1 = ...;
function(opsroom_add_tool name)
  cmake_parse_arguments(ARG "NO_INSTALL" "OUTPUT_DIRECTORY" "SOURCES;LINKS" ${ARGN})
  set(map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  set(library ${CMAKE_BINARY_DIR}/lib/opsroom/plugins)
  set(binary ${CMAKE_BINARY_DIR}/bin)
  if(ARG_OUTPUT_DIRECTORY)
    set(library ${ARG_OUTPUT_DIRECTORY})
    set(binary ${ARG_OUTPUT_DIRECTORY})
  endif()
  set(objects opsroom_plugin_${name}_objects)
  add_library(${objects} OBJECT ${ARG_SOURCES})
  target_compile_definitions(${objects} PRIVATE OPSROOM_PLUGIN_BUILD)
  target_link_libraries(${objects} PUBLIC opsroom::tool ${ARG_LINKS})
  if(TARGET opsroom_warnings)
    target_link_libraries(${objects} PRIVATE opsroom_warnings)
  endif()
  set_target_properties(
    ${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden
                          CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

  add_library(opsroom_plugin_${name} MODULE $<TARGET_OBJECTS:${objects}>)
  target_link_libraries(opsroom_plugin_${name} PRIVATE opsroom::tool ${ARG_LINKS})
  set_target_properties(
    opsroom_plugin_${name}
    PROPERTIES OUTPUT_NAME ${name} PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${library} LINKER_LANGUAGE CXX
               LINK_DEPENDS ${map})
  # Without the map a C++ library exports dozens of symbols, some of them unique, and then stays
  # mapped after dlclose(). Sanitizers leave their runtime's symbols to the executable.
  target_link_options(opsroom_plugin_${name} PRIVATE
                      -Wl,--version-script=${map})
  if(NOT OPSROOM_SANITIZE)
    target_link_options(opsroom_plugin_${name} PRIVATE -Wl,--no-undefined)
  endif()

  add_executable(${name}-mcp $<TARGET_OBJECTS:${objects}> $<TARGET_OBJECTS:opsroom::export_server>)
  target_link_libraries(${name}-mcp PRIVATE opsroom::stdio ${ARG_LINKS})
  set_target_properties(${name}-mcp PROPERTIES LINKER_LANGUAGE CXX RUNTIME_OUTPUT_DIRECTORY ${binary})
  if(NOT ARG_NO_INSTALL)
    install(TARGETS opsroom_plugin_${name} LIBRARY DESTINATION lib/opsroom/plugins)
    install(TARGETS ${name}-mcp)
  endif()
endfunction()

# opsroom_add_tool_test(NAME TOOL tool SOURCES a.cpp ... [LINKS lib ...] [NO_DISCOVERY])
#
# A GoogleTest program for a tool made with opsroom_add_tool(): the tool is linked in, and
# opsroom/testkit/every_way.hpp knows where its library, its server and the runner are.
function(opsroom_add_tool_test name)
  cmake_parse_arguments(ARG "NO_DISCOVERY" "TOOL" "SOURCES;LINKS" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(${name} ${ARG_SOURCES})
  target_compile_definitions(
    ${name}
    PRIVATE OPSROOM_PLUGIN_BUILD
            OPSROOM_TESTKIT_LIBRARY="$<TARGET_FILE:opsroom_plugin_${ARG_TOOL}>"
            OPSROOM_TESTKIT_SERVER="$<TARGET_FILE:${ARG_TOOL}-mcp>"
            OPSROOM_TESTKIT_RUNNER="$<TARGET_FILE:opsroom::plugin-runner>")
  target_link_libraries(${name} PRIVATE opsroom_plugin_${ARG_TOOL}_objects opsroom::testkit
                                        ${ARG_LINKS} GTest::gtest_main)
  if(TARGET opsroom_warnings)
    target_link_libraries(${name} PRIVATE opsroom_warnings)
  endif()
  add_dependencies(${name} opsroom_plugin_${ARG_TOOL} ${ARG_TOOL}-mcp opsroom::plugin-runner)
  if(NOT ARG_NO_DISCOVERY)
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES PROPERTIES TIMEOUT 300)
  endif()
endfunction()
