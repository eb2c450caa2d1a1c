# Which compiler a sanitized build takes, asked before project(). Code with checks in it is compiled two and a half times as
# fast by clang as by g++. Emscripten brings clang to Debian, but not the runtime of the sanitizers (libclang-rt-14-dev), so
# the whole way to a program is tried. CXX or -DCMAKE_CXX_COMPILER=g++ choose otherwise; a build folder keeps its compiler.
if(COPPICE_SANITIZE AND NOT CMAKE_CXX_COMPILER AND NOT CMAKE_TOOLCHAIN_FILE AND NOT DEFINED ENV{CXX})
  find_program(COPPICE_CLANG NAMES clang++-14 clang++)
  if(COPPICE_CLANG)
    set(source ${CMAKE_BINARY_DIR}/sanitizers.cpp)
    file(WRITE ${source} "#include <string>\nint main(int argc, char**) { return std::string(argc, ' ').empty(); }\n")
    execute_process(
      COMMAND ${COPPICE_CLANG} -std=c++20 -fsanitize=${COPPICE_SANITIZE} ${source} -o ${CMAKE_BINARY_DIR}/sanitizers
      RESULT_VARIABLE failed
      OUTPUT_QUIET ERROR_QUIET)
    if(failed)
      message(STATUS "${COPPICE_CLANG} cannot link -fsanitize=${COPPICE_SANITIZE} (libclang-rt-14-dev?): the default compiler")
    else()
      set(CMAKE_CXX_COMPILER ${COPPICE_CLANG})
    endif()
  endif()
endif()
