find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)

# What every host library is compiled with. One set for all, so that they can share one precompiled header.
add_library(opsroom_common INTERFACE)
target_include_directories(opsroom_common INTERFACE ${CMAKE_SOURCE_DIR}/host)
target_compile_definitions(
  opsroom_common
  INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
            OPSROOM_VERSION="${PROJECT_VERSION}")
target_link_libraries(
  opsroom_common INTERFACE opsroom_warnings Boost::headers nlohmann_json::nlohmann_json spdlog::spdlog
                           fmt::fmt Threads::Threads)

# opsroom_layer(NAME SOURCES a.cpp ... LINKS lib ...): one folder, one library, explicit links.
# The links are the layer rule the linker sees; tests/check_layers.py holds the includes to the same table.
function(opsroom_layer name)
  cmake_parse_arguments(ARG "NO_PCH" "" "SOURCES;LINKS" ${ARGN})
  add_library(opsroom_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(opsroom_${name} PUBLIC opsroom_common ${ARG_LINKS})
  if(NOT ARG_NO_PCH)
    opsroom_use_pch(opsroom_${name})
  endif()
endfunction()

option(OPSROOM_PCH "Use a precompiled header" ON)
function(opsroom_use_pch target)
  if(OPSROOM_PCH)
    target_precompile_headers(${target} REUSE_FROM opsroom_pch)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      target_compile_options(${target} PRIVATE -fpch-instantiate-templates)
    endif()
  endif()
endfunction()

if(OPSROOM_PCH)
  file(WRITE ${CMAKE_BINARY_DIR}/pch/opsroom_pch.cpp "// carries the precompiled header\n")
  add_library(opsroom_pch STATIC ${CMAKE_BINARY_DIR}/pch/opsroom_pch.cpp)
  target_link_libraries(opsroom_pch PUBLIC opsroom_common)
  target_precompile_headers(opsroom_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(opsroom_pch PRIVATE -fpch-instantiate-templates)
  endif()
endif()
