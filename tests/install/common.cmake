# What the scripts beside this one share.
cmake_minimum_required(VERSION 3.24)

# Runs a command; its standard output goes to `output` in the caller.
function(must_run output)
  execute_process(
    COMMAND ${ARGN}
    OUTPUT_VARIABLE out
    ERROR_VARIABLE err
    RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${code}\n${out}\n${err}")
  endif()
  set(${output} "${out}" PARENT_SCOPE)
  set(${output}_err "${err}" PARENT_SCOPE)
endfunction()

function(must_match text pattern)
  if(NOT text MATCHES "${pattern}")
    message(FATAL_ERROR "expected /${pattern}/ in:\n${text}")
  endif()
endfunction()

# Builds one of docs/examples against the installed package and puts the path of its program into `program`.
function(build_example folder program)
  set(build ${WORK}/${folder})
  file(REMOVE_RECURSE ${build})
  set(warnings "-Wall -Wextra -Wpedantic -Werror ${FLAGS}")
  must_run(
    configured ${CMAKE_COMMAND} -S ${SOURCE}/docs/examples/${folder} -B ${build} -G Ninja
    -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}
    -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_C_COMPILER=${CC} -DCMAKE_C_FLAGS=${warnings} -DCMAKE_CXX_FLAGS=${warnings} ${ARGN})
  must_run(built ${CMAKE_COMMAND} --build ${build})
  file(STRINGS ${build}/CMakeCache.txt found REGEX "^coppice_DIR:PATH=")
  must_match("${found}" "=${WORK}/prefix/")
  set(${program} ${build} PARENT_SCOPE)
endfunction()

# The JSON of a report: energy above 0 within its interval, provenance and method named, one phase at least.
function(check_report json)
  foreach(figure energy_joules carbon_grams_co2e)
    foreach(member value low high provenance method)
      string(JSON ${member} GET "${json}" ${figure} ${member})
    endforeach()
    if(NOT (value GREATER 0 AND low LESS_EQUAL value AND value LESS_EQUAL high))
      message(FATAL_ERROR "${figure}: ${low} <= ${value} <= ${high} does not hold, or is 0")
    endif()
    must_match("${provenance}" "^(measured|modelled|assumed|mixed)$")
    must_match("${method}" "...")
  endforeach()
  string(JSON phases LENGTH "${json}" phases)
  if(phases LESS 1)
    message(FATAL_ERROR "no phase in ${json}")
  endif()
endfunction()

# Of the C library `name` of this component: no path of this machine in what is installed, and no symbol exported but
# those of its header.
function(check_installed_library name prefix version)
  file(GLOB_RECURSE files ${WORK}/prefix/*)
  foreach(file ${files})
    if(file MATCHES "\\.(cmake|pc|h)$")
      file(READ ${file} text)
      string(FIND "${text}" "${SOURCE}" of_source)
      string(FIND "${text}" "${WORK}" of_prefix)
      if(of_source GREATER_EQUAL 0 OR of_prefix GREATER_EQUAL 0)
        message(FATAL_ERROR "${file} names a folder of this machine")
      endif()
    endif()
  endforeach()
  file(GLOB library ${WORK}/prefix/lib*/lib${name}.so ${WORK}/prefix/lib*/*/lib${name}.so)
  must_run(symbols nm -D --defined-only ${library})
  string(REGEX MATCHALL "[^\n]+" lines "${symbols}")
  foreach(line ${lines})
    must_match("${line}" " (T ${prefix}_[a-z_]+|A ${version})(@@${version})?$")
  endforeach()
  list(LENGTH lines count)
  if(count LESS 10)
    message(FATAL_ERROR "only ${count} symbols: ${symbols}")
  endif()
  must_run(dynamic readelf -d ${library})
  must_match("${dynamic}" "SONAME[^\n]*lib${name}\\.so\\.1")
endfunction()

# Compiles the C example `source` without CMake, by the flags of PACKAGE.pc, into ${WORK}/NAME, and lets it find the library.
function(build_by_pkg_config package source name)
  find_program(PKG_CONFIG pkg-config REQUIRED)
  file(GLOB_RECURSE file ${WORK}/prefix/${package}.pc)
  get_filename_component(folder ${file} DIRECTORY)
  set(ENV{PKG_CONFIG_PATH} ${folder})
  must_run(version ${PKG_CONFIG} --modversion ${package})
  must_match("${version}" "^${VERSION}")
  must_run(flags ${PKG_CONFIG} --cflags --libs ${package})
  separate_arguments(flags UNIX_COMMAND "${flags} ${FLAGS}")
  must_run(built ${CC} -std=c99 -O2 ${SOURCE}/docs/examples/${source} -o ${WORK}/${name} ${flags})
  must_run(libdir ${PKG_CONFIG} --variable=libdir ${package})
  string(STRIP "${libdir}" libdir)
  set(ENV{LD_LIBRARY_PATH} ${libdir})
endfunction()
