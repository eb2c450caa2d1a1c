#include "wasm/ui/theme.h"

#include <implot.h>

namespace coppice::ui {
namespace {

constexpr ImU32 rgb(unsigned hex) { return IM_COL32((hex >> 16) & 0xFF, (hex >> 8) & 0xFF, hex & 0xFF, 0xFF); }

constexpr Palette kLight = {
    .page = rgb(0xF5F3EC),
    .card = rgb(0xFFFFFF),
    .border = rgb(0xDCD8CB),
    .ink = rgb(0x1E2A24),
    .muted = rgb(0x5A675F),
    .track = rgb(0xE8E5DA),
    .positive = rgb(0x0B5FA5),
    .negative = rgb(0xA8480B),
    .accent = rgb(0x2B6A4D),
    .warning = rgb(0x8A4B00),
    .series = {rgb(0x3F5E96), rgb(0x2B7A5A), rgb(0x8A5A8C), rgb(0x7A6520), rgb(0xA8483A), rgb(0x247C88), rgb(0x6450B0),
               rgb(0x6B6B6B)},
    .stages = {rgb(0x2F4B7C), rgb(0x8A5A8C), rgb(0xB889BA), rgb(0x6450B0), rgb(0x247C88), rgb(0x5E7396), rgb(0xC98A2B),
               rgb(0x4E9A77)},
};

constexpr Palette kDark = {
    .page = rgb(0x131916),
    .card = rgb(0x1C2420),
    .border = rgb(0x36423B),
    .ink = rgb(0xE9EEEA),
    .muted = rgb(0xA5B3AA),
    .track = rgb(0x2C3731),
    .positive = rgb(0x84BDF2),
    .negative = rgb(0xF2A872),
    .accent = rgb(0x82CBA6),
    .warning = rgb(0xF0C070),
    .series = {rgb(0x8FB0EA), rgb(0x7CCBA5), rgb(0xD6A8D8), rgb(0xD9C377), rgb(0xF09A88), rgb(0x7FD3DC), rgb(0xB8ABF2),
               rgb(0xBDBDBD)},
    .stages = {rgb(0x7C9EE0), rgb(0xC08FC4), rgb(0xE3C4E5), rgb(0xA493EA), rgb(0x6FC3CE), rgb(0xA3B3CC), rgb(0xE9B45E),
               rgb(0x7CCBA5)},
};

ImVec4 vec(ImU32 colour) { return ImGui::ColorConvertU32ToFloat4(colour); }

}  // namespace

const Palette& palette(bool dark) { return dark ? kDark : kLight; }

void apply_style(const Palette& colours) {
  ImGuiStyle& style = ImGui::GetStyle();
  style.WindowPadding = ImVec2(12, 10);
  style.WindowBorderSize = 1;
  style.WindowRounding = 8;
  style.PopupRounding = 8;
  style.Colors[ImGuiCol_Text] = vec(colours.ink);
  style.Colors[ImGuiCol_PopupBg] = vec(colours.card);
  style.Colors[ImGuiCol_WindowBg] = vec(colours.page);
  style.Colors[ImGuiCol_Border] = vec(colours.border);

  ImPlotStyle& plot = ImPlot::GetStyle();
  plot.PlotPadding = ImVec2(0, 4);
  plot.LabelPadding = ImVec2(8, 6);
  plot.PlotBorderSize = 0;
  plot.MajorTickLen = ImVec2(0, 0);
  plot.MinorTickLen = ImVec2(0, 0);
  plot.MajorGridSize = ImVec2(1, 1);
  plot.Colors[ImPlotCol_FrameBg] = ImVec4(0, 0, 0, 0);
  plot.Colors[ImPlotCol_PlotBg] = ImVec4(0, 0, 0, 0);
  plot.Colors[ImPlotCol_AxisText] = vec(colours.muted);
  plot.Colors[ImPlotCol_AxisGrid] = vec(colours.track);
  plot.Colors[ImPlotCol_AxisBg] = ImVec4(0, 0, 0, 0);
}

}  // namespace coppice::ui
