// The options that name a place and its carbon intensity, alike in `carbon`, `sci` and `track`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>

#include "shared/base/status.h"
#include "shared/energy/carbon.h"

namespace coppice::cli {

struct PlaceArguments {
  energy::PlaceQuery place;
  std::optional<double> intensity;
  std::string table;
  bool live = false;
  bool live_or_table = false;
  std::string zone;
  std::string token_file;
  std::string url;

  [[nodiscard]] bool wants_live() const { return live || live_or_table; }
};

void add_place_options(CLI::App& command, PlaceArguments& arguments);

// The place with the user's table read and the given intensity in it. Errors: a table that cannot be read or is
// malformed, options that exclude each other.
Result<energy::PlaceQuery> place_query(const PlaceArguments& arguments);

// A way to ask for the live intensity again and again. Needs wants_live(); fails where there is no token. `say` is for
// warnings.
Result<std::function<Result<energy::Intensity>()>> live_source(const PlaceArguments& arguments,
                                                               const std::function<void(const std::string&)>& say);

// The intensity of the place: live if that is asked for, else by table. With --live-or-table a failure of the first is
// answered by the second, and its note says so.
Result<energy::Intensity> find_intensity(const PlaceArguments& arguments, const energy::PlaceQuery& place,
                                         const std::function<void(const std::string&)>& say);

// A file of at most `most` bytes as text, for tables given on the command line.
Result<std::string> read_text_file(const std::string& path, size_t most);

}  // namespace coppice::cli
