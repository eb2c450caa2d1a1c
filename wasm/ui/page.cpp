#include "wasm/ui/page.h"

#include <algorithm>
#include <vector>

#include "shared/compare/duel.h"
#include "shared/compare/order.h"
#include "wasm/ui/card.h"
#include "wasm/ui/duel.h"
#include "wasm/ui/paint.h"
#include "wasm/ui/rows.h"

namespace coppice::ui {
namespace {

constexpr float kNarrowestCard = 290.0F;

// Returns the height used.
float draw_cards(const Theme& theme, const compare::State& state, float top, float room) {
  const std::vector<size_t> order = compare::display_order(state);
  const auto fit = static_cast<size_t>(std::max(1.0F, (room + kGap) / (kNarrowestCard + kGap)));
  size_t columns = std::min(order.size(), fit);
  // Four in a row of three would leave one alone below: two by two.
  if (order.size() % columns == 1 && order.size() > columns && columns > 2) --columns;
  const float width = (room - kGap * static_cast<float>(columns - 1)) / static_cast<float>(columns);
  const float height = card_height(theme, state, width);
  for (size_t place = 0; place < order.size(); ++place) {
    const float x = kMargin + static_cast<float>(place % columns) * (width + kGap);
    const float y = top + static_cast<float>(place / columns) * (height + kGap);
    draw_card(theme, state, order[place], ImVec2(x, y), ImVec2(width, height));
  }
  const auto lines = static_cast<float>((order.size() + columns - 1) / columns);
  return lines * height + (lines - 1) * kGap;
}

float draw_models(const Theme& theme, const compare::State& state, float top, float room) {
  switch (compare::layout_of(state)) {
    case compare::Layout::kRows:
      return draw_rows(theme, state, ImVec2(kMargin, top), room);
    case compare::Layout::kDuel:
      if (compare::duel_of(state)) return draw_duel(theme, state, ImVec2(kMargin, top), room);
      break;
    case compare::Layout::kAuto:
    case compare::Layout::kCards:
      break;
  }
  return draw_cards(theme, state, top, room);
}

}  // namespace

PageSize draw_page(const Theme& theme, const compare::State& state, Chart chart, float width) {
  begin_surface("##comparison");

  PageSize size;
  if (!state.models.empty()) {
    const float room = width - 2 * kMargin;
    size.height = kMargin + draw_models(theme, state, kMargin, room);
    size.chart_height = chart_height(theme, state, chart, room);
    if (size.chart_height > 0) {
      size.chart_top = size.height + kGap;
      draw_chart(theme, state, chart, ImVec2(kMargin, size.chart_top), ImVec2(room, size.chart_height));
      size.height = size.chart_top + size.chart_height;
    }
    size.height += kMargin;
  }
  end_surface();
  return size;
}

}  // namespace coppice::ui
