# One interface target carries the warnings, so third-party code (SYSTEM includes) is never judged.
add_library(opsroom_warnings INTERFACE)
target_compile_options(
  opsroom_warnings
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Werror
            $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside the standard library and Boost where nothing is wrong.
  target_compile_options(opsroom_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict
                                                    -Wno-dangling-pointer -Wno-stringop-overflow -Wno-array-bounds)
endif()
