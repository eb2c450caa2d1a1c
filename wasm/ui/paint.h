// Text and shapes at exact places: what cards are made of.
#pragma once

#include <imgui.h>

#include <string_view>

#include "wasm/ui/theme.h"

namespace coppice::ui {

// Between cards; inside them; round the outermost, so that their borders are not cut by the canvas.
inline constexpr float kGap = 16.0F;
inline constexpr float kPadding = 20.0F;
inline constexpr float kMargin = 1.0F;

// The whole canvas as one bare window, which all drawing goes into, between ImGui::NewFrame() and Render().
void begin_surface(const char* name);
void end_surface();

struct TextStyle {
  ImFont* font;
  float size;
  ImU32 colour;
};

// Width of one line.
float text_width(const TextStyle& style, std::string_view text);
// Draws one line with its top left at `at`; cut with "…" where it would pass `width`.
void draw_text(ImVec2 at, const TextStyle& style, std::string_view text, float width = 1e6F);
// The same, ending at `right`.
void draw_text_right(float right, float y, const TextStyle& style, std::string_view text);
// Several lines broken at spaces; returns the height used.
float draw_paragraph(ImVec2 at, const TextStyle& style, std::string_view text, float width);
float paragraph_height(const TextStyle& style, std::string_view text, float width);

// A filled triangle in a square of `size` with its top left at `at`: up for positive, down for negative.
void draw_arrow(ImVec2 at, float size, bool up, ImU32 colour);
// A rounded bar, `share` of it filled from the left.
void draw_bar(ImVec2 at, ImVec2 size, float share, ImU32 fill, ImU32 track);

// Shows `text` in a tooltip while the pointer is in the rectangle.
void tooltip_over(ImVec2 from, ImVec2 to, const char* text);

}  // namespace coppice::ui
