# Dear ImGui with its OpenGL 3 backend, and ImPlot: compiled from sources that are fetched once (scripts/fetch-imgui.sh)
# or given by IMGUI_SOURCE_DIR and IMPLOT_SOURCE_DIR.
set(IMGUI_SOURCE_DIR "" CACHE PATH "Sources of Dear ImGui 1.93; empty: fetched by scripts/fetch-imgui.sh")
set(IMPLOT_SOURCE_DIR "" CACHE PATH "Sources of ImPlot 1.1; empty: fetched by scripts/fetch-imgui.sh")

set(imgui_dir ${IMGUI_SOURCE_DIR})
set(implot_dir ${IMPLOT_SOURCE_DIR})
if(NOT imgui_dir OR NOT implot_dir)
  set(third_party_dir ${CMAKE_SOURCE_DIR}/build/third_party)
  execute_process(COMMAND sh ${CMAKE_SOURCE_DIR}/scripts/fetch-imgui.sh ${third_party_dir} RESULT_VARIABLE fetch_result)
  if(NOT fetch_result EQUAL 0)
    message(FATAL_ERROR "Dear ImGui could not be fetched; see the message above, or set IMGUI_SOURCE_DIR and IMPLOT_SOURCE_DIR")
  endif()
  if(NOT imgui_dir)
    set(imgui_dir ${third_party_dir}/imgui)
  endif()
  if(NOT implot_dir)
    set(implot_dir ${third_party_dir}/implot)
  endif()
endif()

add_library(imgui STATIC
  ${imgui_dir}/imgui.cpp ${imgui_dir}/imgui_draw.cpp ${imgui_dir}/imgui_tables.cpp ${imgui_dir}/imgui_widgets.cpp
  ${imgui_dir}/backends/imgui_impl_opengl3.cpp ${implot_dir}/implot.cpp ${implot_dir}/implot_items.cpp)
if(EXISTS ${imgui_dir}/imgui_stacklayout.cpp)  # in the variant that the fetched archive carries
  target_sources(imgui PRIVATE ${imgui_dir}/imgui_stacklayout.cpp)
endif()
# SYSTEM: warnings in their headers are not ours.
target_include_directories(imgui SYSTEM PUBLIC ${imgui_dir} ${imgui_dir}/backends ${implot_dir})
target_compile_definitions(imgui PUBLIC IMGUI_IMPL_OPENGL_ES3 IMGUI_DISABLE_FILE_FUNCTIONS IMGUI_DISABLE_DEMO_WINDOWS
                                        IMGUI_DISABLE_DEBUG_TOOLS)
target_compile_options(imgui PRIVATE -Oz -fno-exceptions -fno-rtti -flto)
