#include "wasm/ui/paint.h"

#include <algorithm>
#include <string>

namespace coppice::ui {
namespace {

constexpr float kTooltipWidth = 340.0F;

ImVec2 measure(const TextStyle& style, std::string_view text, float wrap_width) {
  return style.font->CalcTextSizeA(style.size, 1e6F, wrap_width, text.data(), text.data() + text.size());
}

void put(ImVec2 at, const TextStyle& style, std::string_view text, float wrap_width) {
  ImGui::GetWindowDrawList()->AddText(style.font, style.size, at, style.colour, text.data(), text.data() + text.size(),
                                      wrap_width);
}

}  // namespace

void begin_surface(const char* name) {
  const ImGuiWindowFlags flags = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                                 ImGuiWindowFlags_NoBackground | ImGuiWindowFlags_NoSavedSettings |
                                 ImGuiWindowFlags_NoScrollWithMouse | ImGuiWindowFlags_NoNav |
                                 ImGuiWindowFlags_NoBringToFrontOnFocus;
  ImGui::SetNextWindowPos(ImVec2(0, 0));
  ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 0.0F);
  ImGui::Begin(name, nullptr, flags);
  ImGui::PopStyleVar(2);
}

void end_surface() {
  // ImGui wants to know how far the drawing reached.
  ImGui::SetCursorScreenPos(ImVec2(0, 0));
  ImGui::Dummy(ImVec2(1, 1));
  ImGui::End();
}

float text_width(const TextStyle& style, std::string_view text) { return measure(style, text, 0).x; }

void draw_text(ImVec2 at, const TextStyle& style, std::string_view text, float width) {
  if (text_width(style, text) <= width) return put(at, style, text, 0);
  std::string shorter(text);
  const std::string mark = "…";
  while (!shorter.empty() && text_width(style, shorter + mark) > width) {
    // Whole code points: a continuation byte never stands first.
    do {
      shorter.pop_back();
    } while (!shorter.empty() && (static_cast<unsigned char>(shorter.back()) & 0xC0) == 0x80);
    if (!shorter.empty() && (static_cast<unsigned char>(shorter.back()) & 0xC0) == 0xC0) shorter.pop_back();
  }
  put(at, style, shorter + mark, 0);
}

void draw_text_right(float right, float y, const TextStyle& style, std::string_view text) {
  put(ImVec2(right - text_width(style, text), y), style, text, 0);
}

float draw_paragraph(ImVec2 at, const TextStyle& style, std::string_view text, float width) {
  put(at, style, text, width);
  return measure(style, text, width).y;
}

float paragraph_height(const TextStyle& style, std::string_view text, float width) {
  return measure(style, text, width).y;
}

void draw_arrow(ImVec2 at, float size, bool up, ImU32 colour) {
  const float inset = size * 0.1F;
  const float left = at.x + inset;
  const float right = at.x + size - inset;
  const float middle = at.x + size / 2;
  const float top = at.y + size * 0.2F;
  const float bottom = at.y + size * 0.8F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  if (up) {
    list->AddTriangleFilled(ImVec2(left, bottom), ImVec2(middle, top), ImVec2(right, bottom), colour);
  } else {
    list->AddTriangleFilled(ImVec2(left, top), ImVec2(right, top), ImVec2(middle, bottom), colour);
  }
}

void draw_bar(ImVec2 at, ImVec2 size, float share, ImU32 fill, ImU32 track) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float radius = size.y / 2;
  list->AddRectFilled(at, ImVec2(at.x + size.x, at.y + size.y), track, radius);
  const float filled = std::clamp(share, 0.0F, 1.0F) * size.x;
  if (filled >= size.y) list->AddRectFilled(at, ImVec2(at.x + filled, at.y + size.y), fill, radius);
}

void tooltip_over(ImVec2 from, ImVec2 to, const char* text) {
  if (!ImGui::IsMouseHoveringRect(from, to)) return;
  ImGui::BeginTooltip();
  ImGui::PushTextWrapPos(std::min(kTooltipWidth, ImGui::GetIO().DisplaySize.x - 40.0F));
  ImGui::TextUnformatted(text);
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

}  // namespace coppice::ui
