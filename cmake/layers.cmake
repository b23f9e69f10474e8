# One static library per folder of src/, and the only edges that may exist between them.
#
# A library sees the headers of what it may use and nothing else: each gets an include folder of
# its own that holds one link to its sources, so `#include "gateway/..."` inside the engine is a
# compile error, and an edge missing from the table below stops the configure step.

set(LAYER_MAY_USE_base "")
set(LAYER_MAY_USE_pg base)
set(LAYER_MAY_USE_engine_schema base)
set(LAYER_MAY_USE_engine_rules base engine_schema)
set(LAYER_MAY_USE_engine base engine_schema engine_rules)
set(LAYER_MAY_USE_journal base engine_schema engine pg)
set(LAYER_MAY_USE_redis base)
set(LAYER_MAY_USE_stores base engine_schema engine_rules pg)
set(LAYER_MAY_USE_projection base engine_schema engine_rules redis stores)
set(LAYER_MAY_USE_feeds base engine_schema)
set(LAYER_MAY_USE_runtime base engine_schema engine journal runtime_api)
set(LAYER_MAY_USE_gateway base engine_schema engine_rules runtime_api stores)
set(LAYER_MAY_USE_runtime_api base engine_schema)
set(LAYER_MAY_USE_cluster base engine_schema engine journal redis runtime runtime_api)

# The include folder of one library: ${build}/include/<library>/<folder> -> src/<folder>.
function(perpetua_include_root library folder out)
  set(root ${CMAKE_BINARY_DIR}/include/${library})
  get_filename_component(parent ${root}/${folder} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/src/${folder} ${root}/${folder} SYMBOLIC)
  set(${out} ${root} PARENT_SCOPE)
endfunction()

# The same for single headers of a folder: what else lies there stays out of reach.
function(perpetua_include_headers library folder out)
  set(root ${CMAKE_BINARY_DIR}/include/${library})
  foreach(header ${ARGN})
    get_filename_component(parent ${root}/${folder}/${header} DIRECTORY)
    file(MAKE_DIRECTORY ${parent})
    file(CREATE_LINK ${PROJECT_SOURCE_DIR}/src/${folder}/${header} ${root}/${folder}/${header}
         SYMBOLIC)
  endforeach()
  set(${out} ${root} PARENT_SCOPE)
endfunction()

function(perpetua_check_edges library)
  foreach(used ${ARGN})
    if(NOT used IN_LIST LAYER_MAY_USE_${library})
      message(FATAL_ERROR "forbidden edge: ${library} -> ${used} (see cmake/layers.cmake)")
    endif()
  endforeach()
endfunction()

# perpetua_library(name FOLDER folder [HEADERS some of the folder's] SOURCES ... USES layers...
#                  LINKS external targets...)
function(perpetua_library name)
  cmake_parse_arguments(ARG "" "FOLDER" "HEADERS;SOURCES;USES;LINKS" ${ARGN})
  perpetua_check_edges(${name} ${ARG_USES})
  if(ARG_HEADERS)
    perpetua_include_headers(${name} ${ARG_FOLDER} root ${ARG_HEADERS})
  else()
    perpetua_include_root(${name} ${ARG_FOLDER} root)
  endif()
  list(TRANSFORM ARG_USES PREPEND perpetua_)
  if(ARG_SOURCES)
    add_library(perpetua_${name} STATIC ${ARG_SOURCES})
    target_include_directories(perpetua_${name} PUBLIC ${root})
    target_link_libraries(perpetua_${name} PUBLIC ${ARG_USES} ${ARG_LINKS})
  else()
    add_library(perpetua_${name} INTERFACE)
    target_include_directories(perpetua_${name} INTERFACE ${root})
    target_link_libraries(perpetua_${name} INTERFACE ${ARG_USES} ${ARG_LINKS})
  endif()
endfunction()

# perpetua_test(name SOURCES ... LINKS ...): one gtest program, registered with ctest.
function(perpetua_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINKS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gtest GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()
