// The options that name a place and its carbon intensity, alike in every command that has them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "shared/base/status.h"
#include "shared/energy/carbon.h"

namespace CLI {
class App;  // its header costs seconds to compile: for the sources alone
}

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

// Places of the tables, those compiled in and the user's.
void add_table_options(CLI::App& command, PlaceArguments& arguments);
// The same and live intensity.
void add_place_options(CLI::App& command, PlaceArguments& arguments);

// The place with the user's table read and the given intensity in it. Errors: a table that cannot be read or is
// malformed, options that exclude each other.
Result<energy::PlaceQuery> place_query(const PlaceArguments& arguments);

// A way to ask for the live intensity again and again. Needs wants_live(); fails where there is no token. `say` is for
// warnings.
using Say = std::function<void(const std::string&)>;
using LiveSource = std::function<Result<energy::Intensity>()>;
using LiveSourceMaker = Result<LiveSource> (*)(const PlaceArguments& arguments, const Say& say);

// What a program has for --live. coppice has no network library: coppice-tools then does the command.
struct LiveAccess {
  LiveSourceMaker make_source = nullptr;
  char** argv = nullptr;  // the words typed, to hand over or to record
};

// The intensity of the place: live if that is asked for, else by table. With --live-or-table a failure of the first is
// answered by the second, and its note says so.
Result<energy::Intensity> find_intensity(const PlaceArguments& arguments, const energy::PlaceQuery& place,
                                         LiveSourceMaker make_source, const Say& say);

// A file of at most `most` bytes as text, for tables given on the command line.
Result<std::string> read_text_file(const std::string& path, size_t most);

}  // namespace coppice::cli
