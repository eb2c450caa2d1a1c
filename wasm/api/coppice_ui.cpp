// The drawing part of the C ABI: Dear ImGui over a comparison that it only reads.
#include <imgui.h>
#include <implot.h>

#include <cstring>
#include <memory>

#include "wasm/api/handles.h"
#include "wasm/api/report.h"
#include "wasm/platform/webgl.h"
#include "wasm/ui/page.h"
#include "wasm/ui/set_page.h"

struct coppice_ui {
  const coppice_comparison* comparison = nullptr;
  std::unique_ptr<coppice::platform::WebGlCanvas> canvas;
  coppice::ui::Fonts fonts;
  coppice::ui::Chart chart = coppice::ui::Chart::kTime;
  coppice::ui::PageSize size;  // as last drawn
  bool dark = false;
  bool shows_set = false;
};

namespace {

using coppice::api::report;

coppice::Status missing_ui() { return coppice::invalid_usage("ui or an output is NULL"); }

}  // namespace

extern "C" {

coppice_status coppice_ui_create(const char* canvas, const coppice_comparison* comparison, coppice_ui** out) {
  if (canvas == nullptr || comparison == nullptr || out == nullptr) return report(missing_ui());
  *out = nullptr;
  if (ImGui::GetCurrentContext() != nullptr) return report(coppice::invalid_usage("one drawing at a time"));
  ImGui::CreateContext();
  ImPlot::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.LogFilename = nullptr;
  io.ConfigInputTextCursorBlink = false;
  io.MouseDrawCursor = false;
  io.DisplaySize = ImVec2(1, 1);
  auto webgl = coppice::platform::WebGlCanvas::create(canvas);
  if (!webgl.ok()) {
    ImPlot::DestroyContext();
    ImGui::DestroyContext();
    return report(webgl.status());
  }
  auto* ui = new coppice_ui();
  ui->comparison = comparison;
  ui->canvas = std::move(*webgl);
  coppice::ui::apply_style(coppice::ui::palette(false));
  *out = ui;
  return COPPICE_OK;
}

void coppice_ui_destroy(coppice_ui* ui) {
  if (ui == nullptr) return;
  ui->canvas.reset();
  ImPlot::DestroyContext();
  ImGui::DestroyContext();
  delete ui;
}

coppice_status coppice_ui_add_font(coppice_ui* ui, int32_t weight, const char* bytes, size_t length) {
  if (ui == nullptr || bytes == nullptr) return report(missing_ui());
  // ImGui's reader trusts its input, so at least the kind of file is checked; the page serves it from its own folder.
  if (length < 12 || std::memcmp(bytes, "\0\1\0\0", 4) != 0) {
    return report(coppice::invalid_input("font: no TrueType file (its first bytes are not 00 01 00 00)"));
  }
  ImFont*& font = weight >= 600 ? ui->fonts.semibold : ui->fonts.regular;
  ImFontConfig config;
  config.MergeMode = font != nullptr;
  config.FontDataOwnedByAtlas = true;
  void* copy = IM_ALLOC(length);
  std::memcpy(copy, bytes, length);
  ImFont* added = ImGui::GetIO().Fonts->AddFontFromMemoryTTF(copy, static_cast<int>(length), 0.0F, &config);
  if (added == nullptr) return report(coppice::invalid_input("font: could not be read"));
  font = added;
  return COPPICE_OK;
}

coppice_status coppice_ui_resize(coppice_ui* ui, float width, float height, float pixel_ratio) {
  if (ui == nullptr) return report(missing_ui());
  if (!(width >= 1 && width <= 16384 && height >= 1 && height <= 16384 && pixel_ratio > 0 && pixel_ratio <= 16)) {
    return report(coppice::invalid_usage("resize: sizes must lie in 1 to 16384 pixels"));
  }
  ImGuiIO& io = ImGui::GetIO();
  io.DisplaySize = ImVec2(width, height);
  io.DisplayFramebufferScale = ImVec2(pixel_ratio, pixel_ratio);
  return COPPICE_OK;
}

coppice_status coppice_ui_set_dark(coppice_ui* ui, int32_t dark) {
  if (ui == nullptr) return report(missing_ui());
  ui->dark = dark != 0;
  coppice::ui::apply_style(coppice::ui::palette(ui->dark));
  return COPPICE_OK;
}

coppice_status coppice_ui_set_chart(coppice_ui* ui, int32_t chart) {
  if (ui == nullptr) return report(missing_ui());
  if (chart < 0 || chart > 3) {
    return report(coppice::invalid_usage("chart must be 0 (time), 1 (energy), 2 (trade-off) or 3 (ledger)"));
  }
  ui->chart = static_cast<coppice::ui::Chart>(chart);
  return COPPICE_OK;
}

coppice_status coppice_ui_set_view(coppice_ui* ui, int32_t view) {
  if (ui == nullptr) return report(missing_ui());
  if (view != 0 && view != 1) return report(coppice::invalid_usage("view must be 0 (one review) or 1 (a set)"));
  ui->shows_set = view == 1;
  return COPPICE_OK;
}

coppice_status coppice_ui_pointer(coppice_ui* ui, float x, float y, int32_t down) {
  if (ui == nullptr) return report(missing_ui());
  ImGuiIO& io = ImGui::GetIO();
  io.AddMousePosEvent(x, y);
  io.AddMouseButtonEvent(0, down != 0);
  return COPPICE_OK;
}

coppice_status coppice_ui_pointer_leave(coppice_ui* ui) {
  if (ui == nullptr) return report(missing_ui());
  ImGuiIO& io = ImGui::GetIO();
  io.AddMouseButtonEvent(0, false);
  io.AddMousePosEvent(-FLT_MAX, -FLT_MAX);
  return COPPICE_OK;
}

coppice_status coppice_ui_draw(coppice_ui* ui, float seconds_since_last, float* wanted_height, int32_t* again) {
  if (ui == nullptr || wanted_height == nullptr || again == nullptr) return report(missing_ui());
  *wanted_height = 0;
  *again = 0;
  if (ui->fonts.regular == nullptr || ui->fonts.semibold == nullptr) {
    return report(coppice::invalid_usage("draw: add a font of weight 400 and one of 600 first"));
  }
  ImGuiIO& io = ImGui::GetIO();
  io.DeltaTime = seconds_since_last > 1e-4F ? seconds_since_last : 1e-4F;
  if (!ui->canvas->begin_frame()) return COPPICE_OK;  // lost; drawn again when restored
  ImGui::NewFrame();
  const coppice::ui::Palette& colours = coppice::ui::palette(ui->dark);
  const coppice::ui::Theme theme{&colours, ui->fonts};
  ImGui::PushFont(ui->fonts.regular, coppice::ui::kTextSize);
  const coppice::compare::Comparison& comparison = ui->comparison->comparison;
  if (ui->shows_set) {
    ui->size = {.height = coppice::ui::draw_set_page(theme, comparison.side().set.set(), io.DisplaySize.x)};
  } else {
    ui->size = coppice::ui::draw_page(theme, comparison.state(), ui->chart, io.DisplaySize.x);
  }
  *wanted_height = ui->size.height;
  ImGui::PopFont();
  ImGui::Render();
  ui->canvas->end_frame(colours.page);
  *again = *wanted_height > io.DisplaySize.y + 0.5F || *wanted_height < io.DisplaySize.y - 0.5F ? 1 : 0;
  return COPPICE_OK;
}

coppice_status coppice_ui_chart_place(const coppice_ui* ui, float* top, float* height) {
  if (ui == nullptr || top == nullptr || height == nullptr) return report(missing_ui());
  *top = ui->size.chart_top;
  *height = ui->size.chart_height;
  return COPPICE_OK;
}

coppice_status coppice_ui_context_restored(coppice_ui* ui) {
  if (ui == nullptr) return report(missing_ui());
  ui->canvas->restored();
  return COPPICE_OK;
}

}  // extern "C"
