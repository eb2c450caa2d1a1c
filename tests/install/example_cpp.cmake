# docs/examples/energy-cpp with find_package, its answers, and every installed header on its own.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)

build_example(energy-cpp folder)
must_run(table ${folder}/matrix_energy 200)
foreach(phase fill multiply all)
  must_match("${table}" "${phase} +[0-9.]+ s +[0-9.]+ s +[0-9.]+ J \\([0-9.]+ to [0-9.]+\\)")
endforeach()
must_match("${table}" "cpu: .* \\[(measured|modelled|assumed|mixed)\\]")
must_run(json ${folder}/matrix_energy --json 200)
check_report("${json}")
string(JSON second GET "${json}" phases 1 name)
must_match("${second}" "^multiply$")

execute_process(
  COMMAND ${folder}/matrix_energy 200 ATLANTIS
  RESULT_VARIABLE code
  ERROR_VARIABLE error)
if(NOT code EQUAL 2)
  message(FATAL_ERROR "an unknown country ended with ${code}")
endif()
must_match("${error}" "ATLANTIS")

# Every header includes what it needs, and nothing that is not installed.
file(GLOB_RECURSE headers RELATIVE ${WORK}/prefix/include/coppice ${WORK}/prefix/include/coppice/*.h)
list(REMOVE_ITEM headers energy.h)
set(lines "")
foreach(header ${headers})
  string(APPEND lines "#include \"${header}\"\n")
endforeach()
file(WRITE ${WORK}/headers.cpp "${lines}")
must_run(compiled ${CXX} -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I${WORK}/prefix/include/coppice
         ${WORK}/headers.cpp)

# A version that is not there is not found.
file(WRITE ${WORK}/newer/CMakeLists.txt "cmake_minimum_required(VERSION 3.20)\nproject(newer LANGUAGES CXX)\n"
     "find_package(coppice 99 REQUIRED)\n")
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${WORK}/newer -B ${WORK}/newer/build -G Ninja -DCMAKE_PREFIX_PATH=${WORK}/prefix
  RESULT_VARIABLE code
  OUTPUT_QUIET
  ERROR_VARIABLE error)
must_match("${error}" "version: ${VERSION}")
