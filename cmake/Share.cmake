# The build tree has the shape of an installation, so that the binary finds its files the same way in both:
# bin/, lib/opsroom/plugins/, share/opsroom/{migrations,runbooks,runboard}.
set(OPSROOM_SHARE ${CMAKE_BINARY_DIR}/share/opsroom)
file(MAKE_DIRECTORY ${OPSROOM_SHARE})
file(CREATE_LINK ${CMAKE_SOURCE_DIR}/migrations ${OPSROOM_SHARE}/migrations SYMBOLIC)
file(CREATE_LINK ${CMAKE_SOURCE_DIR}/examples/runbooks ${OPSROOM_SHARE}/runbooks SYMBOLIC)

install(DIRECTORY migrations/ DESTINATION share/opsroom/migrations FILES_MATCHING PATTERN "*.sql")
install(DIRECTORY examples/runbooks/ DESTINATION share/opsroom/runbooks)
install(TARGETS opsroom RUNTIME DESTINATION bin)

if(OPSROOM_RUNBOARD)
  set(page ${CMAKE_SOURCE_DIR}/host/web/runboard)
  set(page_build ${CMAKE_BINARY_DIR}/runboard)
  # The page's sources are no C++: a new one must not need a line here.
  file(GLOB_RECURSE page_sources CONFIGURE_DEPENDS ${page}/src/* ${page}/build/* ${page}/public/*)
  list(FILTER page_sources EXCLUDE REGEX "\\.test\\.ts$")
  add_custom_command(
    OUTPUT ${page_build}/.built
    COMMAND sh ${CMAKE_SOURCE_DIR}/cmake/build_runboard.sh ${page} ${page_build} ${OPSROOM_SHARE}/runboard
    DEPENDS ${page_sources} ${page}/package.json ${page}/package-lock.json ${page}/index.html
            ${page}/vite.config.mjs ${page}/tsconfig.json ${CMAKE_SOURCE_DIR}/cmake/build_runboard.sh
    COMMENT "Building the runboard"
    VERBATIM)
  add_custom_target(runboard ALL DEPENDS ${page_build}/.built)
  install(DIRECTORY ${OPSROOM_SHARE}/runboard DESTINATION share/opsroom)
endif()
