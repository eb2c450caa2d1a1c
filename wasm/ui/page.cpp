#include "wasm/ui/page.h"

#include <algorithm>

#include "wasm/ui/card.h"
#include "wasm/ui/paint.h"

namespace coppice::ui {
namespace {

constexpr float kGap = 16.0F;
constexpr float kNarrowestCard = 290.0F;
// Room round the outermost shapes, so that their borders are not cut by the canvas.
constexpr float kMargin = 1.0F;

}  // namespace

float draw_page(const Theme& theme, const compare::State& state, Chart chart, float width) {
  const ImGuiWindowFlags flags = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                                 ImGuiWindowFlags_NoBackground | ImGuiWindowFlags_NoSavedSettings |
                                 ImGuiWindowFlags_NoScrollWithMouse | ImGuiWindowFlags_NoNav |
                                 ImGuiWindowFlags_NoBringToFrontOnFocus;
  ImGui::SetNextWindowPos(ImVec2(0, 0));
  ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 0.0F);
  ImGui::Begin("##comparison", nullptr, flags);
  ImGui::PopStyleVar(2);

  float y = kMargin;
  const size_t models = state.models.size();
  if (models > 0) {
    const float room = width - 2 * kMargin;
    const auto fit = static_cast<size_t>(std::max(1.0F, (room + kGap) / (kNarrowestCard + kGap)));
    const size_t columns = std::min(models, fit);
    const float card_width = (room - kGap * static_cast<float>(columns - 1)) / static_cast<float>(columns);
    const float height = card_height(theme, state, card_width);
    for (size_t i = 0; i < models; ++i) {
      const float x = kMargin + static_cast<float>(i % columns) * (card_width + kGap);
      const float top = y + static_cast<float>(i / columns) * (height + kGap);
      draw_card(theme, state, i, ImVec2(x, top), ImVec2(card_width, height));
    }
    y += static_cast<float>((models + columns - 1) / columns) * (height + kGap);
    const float chart_room = chart_height(state);
    if (chart_room > 0) {
      draw_chart(theme, state, chart, ImVec2(kMargin, y), ImVec2(room, chart_room));
      y += chart_room + kGap;
    }
  }
  // ImGui wants to know how far the drawing reached.
  ImGui::SetCursorScreenPos(ImVec2(0, 0));
  ImGui::Dummy(ImVec2(1, 1));
  ImGui::End();
  return models > 0 ? y - kGap + kMargin : 0.0F;
}

}  // namespace coppice::ui
