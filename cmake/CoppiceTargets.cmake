# One place for what every target of ours shares: warnings, the include root and sanitizers.
# Flags live on targets, never in a global string.

find_program(COPPICE_CCACHE ccache)
if(COPPICE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${COPPICE_CCACHE})
endif()

# A hundred programs with sanitizers or libtorch are linked in a third of the time by mold. Only where it is installed.
find_program(COPPICE_MOLD mold)
if(COPPICE_MOLD AND NOT EMSCRIPTEN)
  add_link_options(-fuse-ld=mold)
endif()

add_library(coppice_options INTERFACE)
# Include paths start at the repository root, so that a line names its layer.
target_include_directories(coppice_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(coppice_options INTERFACE -Wall -Wextra -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 at -O2 and above warns of overlap in `"text" + std::string` where there is none (GCC bug 105651).
  target_compile_options(coppice_options INTERFACE -Wno-restrict)
endif()
if(COPPICE_SANITIZE)
  target_compile_options(coppice_options INTERFACE -fsanitize=${COPPICE_SANITIZE} -fno-omit-frame-pointer
                                                   -fno-sanitize-recover=all)
  target_link_options(coppice_options INTERFACE -fsanitize=${COPPICE_SANITIZE})
endif()

# What tests add to that. A fifth of what they take to compile with UBSan is two checks of each pointer that they follow:
# what is tested has them, in the tests' own code the address sanitizer tells as well. Linked last: the later option counts.
add_library(coppice_test_options INTERFACE)
if(COPPICE_SANITIZE MATCHES "undefined")
  target_compile_options(coppice_test_options INTERFACE -fno-sanitize=null,alignment)
endif()

# COPPICE_PCH: the headers that most files read, compiled once, GoogleTest's among them if there are tests. Only of the
# system: an edit of ours must not compile everything anew. Presets without it show a missing #include.
# A target that calls add_library itself takes part by coppice_use_headers(), or does without.
option(COPPICE_PCH "Precompile the headers of the standard library, JSON and GoogleTest" OFF)
if(COPPICE_PCH AND COPPICE_TORCH)
  message(FATAL_ERROR "COPPICE_PCH goes with COPPICE_TORCH=OFF: the libtorch targets precompile headers of their own")
endif()
if(COPPICE_PCH)
  # One setting for libraries and programs: a precompiled header is of use only to the same.
  target_compile_options(coppice_options INTERFACE -fPIC)
  set(source ${CMAKE_BINARY_DIR}/empty.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(coppice_headers OBJECT ${source})
  target_link_libraries(coppice_headers PRIVATE coppice_options)
  target_precompile_headers(coppice_headers PRIVATE ${CMAKE_CURRENT_LIST_DIR}/precompiled.h)
  if(COPPICE_TESTS)
    find_package(GTest REQUIRED)
    target_link_libraries(coppice_headers PRIVATE GTest::gtest)
    target_precompile_headers(coppice_headers PRIVATE <gtest/gtest.h>)
    # A definition that GoogleTest's target brings: tests have it, so libraries must.
    target_compile_definitions(coppice_options INTERFACE $<TARGET_PROPERTY:GTest::gtest,INTERFACE_COMPILE_DEFINITIONS>)
  endif()
endif()
function(coppice_use_headers name)
  if(COPPICE_PCH)
    target_precompile_headers(${name} REUSE_FROM coppice_headers)
  endif()
endfunction()

# coppice_library(NAME SOURCES... [PUBLIC_LIBRARIES ...] [PRIVATE_LIBRARIES ...])
function(coppice_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC_LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  # Our warnings and sanitizers are for this build; whoever uses an installed library has its own.
  target_link_libraries(${name} PUBLIC $<BUILD_INTERFACE:coppice_options> ${ARG_PUBLIC_LIBRARIES} PRIVATE ${ARG_PRIVATE_LIBRARIES})
  coppice_use_headers(${name})
endfunction()

# coppice_program(NAME SOURCES... [LIBRARIES ...])
function(coppice_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE coppice_options ${ARG_LIBRARIES})
  coppice_use_headers(${name})
endfunction()

# The tests of shared/ and of the files it is read from, without the programs: what an edit of the core wants to hear from
# within a minute. The build preset dev builds this target, the test preset dev runs the label of the same name.
add_custom_target(core)

# coppice_test(NAME SOURCES... [LIBRARIES ...] [LABELS ...]): a GoogleTest program, registered with CTest as one test; the
# label core makes it one of the target core. Tests run in the source folder, so that they read tests/golden by a relative
# path.
function(coppice_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE coppice_options ${ARG_LIBRARIES} GTest::gtest_main coppice_test_options)
  coppice_use_headers(${name})
  # What is tested is optimised; the tests need not be, and compile in half the time. Those of libtorch share precompiled
  # headers with what they test, and so its options.
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT "torch" IN_LIST ARG_LABELS)
    target_compile_options(${name} PRIVATE -O0)
  endif()
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  if(ARG_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
  if("core" IN_LIST ARG_LABELS)
    add_dependencies(core ${name})
  endif()
endfunction()
