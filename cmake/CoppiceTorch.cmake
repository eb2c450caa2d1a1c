# libtorch: Debian's by default, a newer one by CMAKE_PREFIX_PATH. Found at the top, since its imported targets are
# visible only from the folder that asks for them downwards.
find_package(Torch REQUIRED)

# Its headers take 25 s a file and warn: they come in as system headers, precompiled once per library.
add_library(coppice_torch_headers INTERFACE)
target_link_libraries(coppice_torch_headers INTERFACE ${TORCH_LIBRARIES})
target_include_directories(coppice_torch_headers SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
