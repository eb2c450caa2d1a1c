# The C example without CMake.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)

build_by_pkg_config(coppice-core core-c/judge_review.c judge_review)
must_run(answer ${WORK}/judge_review ${SOURCE}/models/linear-ngrams "A quiet, lovely film.")
must_match("${answer}" "^positive, ")
