# docs/examples/energy-c with find_package and no C++ compiler asked for, and its answer.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)

build_example(energy-c folder)
must_run(json ${folder}/sum_energy)
check_report("${json}")
must_match("${json_err}" "[0-9.]+ J \\([0-9.]+ to [0-9.]+\\), (measured|modelled|assumed|mixed): ...")
must_match("${json_err}" "g CO2e")

execute_process(
  COMMAND ${folder}/sum_energy ATLANTIS
  RESULT_VARIABLE code
  ERROR_VARIABLE error
  OUTPUT_VARIABLE out)
if(NOT code EQUAL 1 OR NOT out STREQUAL "")
  message(FATAL_ERROR "an unknown country ended with ${code} and printed ${out}")
endif()
must_match("${error}" "sum_energy: start: .*ATLANTIS")
