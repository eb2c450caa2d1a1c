// A WebGL 2 context on a canvas, and Dear ImGui's renderer on it. Input does not come through here: the page's own
// listeners call the C ABI, so that nothing is registered on the window and several canvases can live on one page.
#pragma once

#include <memory>

#include "shared/base/status.h"

namespace coppice::platform {

class WebGlCanvas {
 public:
  // `target`: a selector, or a name registered with the module's specialHTMLTargets. kUnsupported without WebGL 2.
  static Result<std::unique_ptr<WebGlCanvas>> create(const char* target);
  ~WebGlCanvas();
  WebGlCanvas(const WebGlCanvas&) = delete;
  WebGlCanvas& operator=(const WebGlCanvas&) = delete;

  // Makes the context current and the renderer ready: before ImGui::NewFrame(). False while the context is lost.
  bool begin_frame();
  // Clears to `colour` (0xAABBGGRR) and draws ImGui's lists: after ImGui::Render().
  void end_frame(unsigned colour);
  // The browser gave a new context for the one that was lost: all textures and shaders are made again.
  void restored();

 private:
  explicit WebGlCanvas(intptr_t context) : context_(context) {}
  intptr_t context_;
};

}  // namespace coppice::platform
