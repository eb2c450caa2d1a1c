#include "shared/compare/choices.h"

#include <iterator>

namespace coppice::compare {
namespace {

constexpr const char* kLayouts[] = {"auto", "cards", "rows", "duel"};
constexpr const char* kSorts[] = {"suggested", "name", "time", "energy", "size", "accuracy"};
constexpr const char* kAxes[] = {"energy", "time", "size"};

// The enumerators stand in the order of the names.
template <typename Enum, size_t N>
std::optional<Enum> find_named(const char* const (&names)[N], std::string_view name) {
  for (size_t i = 0; i < N; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

const char* name_of(Layout layout) { return kLayouts[static_cast<size_t>(layout)]; }
const char* name_of(SortKey key) { return kSorts[static_cast<size_t>(key)]; }
const char* name_of(TradeoffAxis axis) { return kAxes[static_cast<size_t>(axis)]; }
std::optional<Layout> find_layout(std::string_view name) { return find_named<Layout>(kLayouts, name); }
std::optional<SortKey> find_sort(std::string_view name) { return find_named<SortKey>(kSorts, name); }
std::optional<TradeoffAxis> find_axis(std::string_view name) { return find_named<TradeoffAxis>(kAxes, name); }

}  // namespace coppice::compare
