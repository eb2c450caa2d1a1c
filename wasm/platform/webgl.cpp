#include "wasm/platform/webgl.h"

#include <GLES3/gl3.h>
#include <emscripten/html5.h>
#include <imgui.h>
#include <imgui_impl_opengl3.h>

namespace coppice::platform {

Result<std::unique_ptr<WebGlCanvas>> WebGlCanvas::create(const char* target) {
  EmscriptenWebGLContextAttributes attributes;
  emscripten_webgl_init_context_attributes(&attributes);
  attributes.majorVersion = 2;
  attributes.alpha = false;  // the page's background is cleared in, so nothing has to be blended
  attributes.depth = false;
  attributes.stencil = false;
  attributes.antialias = false;  // ImGui smooths its own edges
  attributes.powerPreference = EM_WEBGL_POWER_PREFERENCE_LOW_POWER;
  const EMSCRIPTEN_WEBGL_CONTEXT_HANDLE context = emscripten_webgl_create_context(target, &attributes);
  if (context <= 0) {
    return unsupported(
        "this browser gives no WebGL 2 context, which the drawing needs; the table shows the same figures");
  }
  emscripten_webgl_make_context_current(context);
  if (!ImGui_ImplOpenGL3_Init("#version 300 es")) {
    emscripten_webgl_destroy_context(context);
    return failed("the WebGL renderer could not be set up");
  }
  return std::unique_ptr<WebGlCanvas>(new WebGlCanvas(context));
}

WebGlCanvas::~WebGlCanvas() {
  emscripten_webgl_make_context_current(context_);
  ImGui_ImplOpenGL3_Shutdown();
  emscripten_webgl_destroy_context(context_);
}

bool WebGlCanvas::begin_frame() {
  if (emscripten_is_webgl_context_lost(context_)) return false;
  emscripten_webgl_make_context_current(context_);
  ImGui_ImplOpenGL3_NewFrame();
  return true;
}

void WebGlCanvas::end_frame(unsigned colour) {
  const ImGuiIO& io = ImGui::GetIO();
  glViewport(0, 0, static_cast<int>(io.DisplaySize.x * io.DisplayFramebufferScale.x),
             static_cast<int>(io.DisplaySize.y * io.DisplayFramebufferScale.y));
  const ImVec4 clear = ImGui::ColorConvertU32ToFloat4(colour);
  glClearColor(clear.x, clear.y, clear.z, 1.0F);
  glClear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
}

void WebGlCanvas::restored() {
  emscripten_webgl_make_context_current(context_);
  ImGui_ImplOpenGL3_DestroyDeviceObjects();
}

}  // namespace coppice::platform
