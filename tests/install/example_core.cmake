# docs/examples/core-c with find_package and no C++ compiler asked for, and its answers on shipped models.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)

build_example(core-c folder)
set(number "[0-9.e+-]+")
foreach(model linear-ngrams minilm-l6-imdb-smallest)
  must_run(answer ${folder}/judge_review ${SOURCE}/models/${model} "A quiet, lovely film." laptop FRA)
  must_match("${answer}" "^positive, [0-9.]+ % \\([0-9]+ of [0-9]+ tokens read, ${number} ms\\)\n")
  must_match("${answer}" "\n${number} J \\(${number} to ${number}\\), modelled: time x watts of a laptop")
  must_match("${answer}" "\n${number} g CO2e \\(${number} to ${number}\\): .*France")
endforeach()
must_run(answer ${folder}/judge_review ${SOURCE}/models/linear-ngrams "Dull and far too long.")
must_match("${answer}" "^negative, ")
if(answer MATCHES "CO2e")
  message(FATAL_ERROR "carbon without a country: ${answer}")
endif()

function(must_fail pattern)
  execute_process(
    COMMAND ${folder}/judge_review ${ARGN}
    RESULT_VARIABLE code
    ERROR_VARIABLE error
    OUTPUT_QUIET)
  if(NOT code EQUAL 1)
    message(FATAL_ERROR "${ARGN} ended with ${code}: ${error}")
  endif()
  must_match("${error}" "${pattern}")
endfunction()
must_fail("judge_review: open: .*no-such-model" ${SOURCE}/models/no-such-model x)
must_fail("judge_review: estimate: device \"toaster\".*laptop" ${SOURCE}/models/linear-ngrams x toaster)
must_fail("judge_review: estimate: .*ATLANTIS" ${SOURCE}/models/linear-ngrams x laptop ATLANTIS)

# What was not installed is not found, and the message says which part.
file(WRITE ${WORK}/other/CMakeLists.txt "cmake_minimum_required(VERSION 3.20)\nproject(other LANGUAGES C)\n"
     "find_package(coppice REQUIRED COMPONENTS energy_c)\n")
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${WORK}/other -B ${WORK}/other/build -G Ninja -DCMAKE_PREFIX_PATH=${WORK}/prefix
          -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF -DCMAKE_C_COMPILER=${CC}
  RESULT_VARIABLE code
  OUTPUT_QUIET
  ERROR_VARIABLE error)
if(code EQUAL 0)
  message(FATAL_ERROR "energy_c was found where only core_c is installed")
endif()
must_match("${error}" "energy_c")
