#include "native/cli/place_options.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <vector>

#include "shared/energy/electricity_maps.h"
#include "shared/energy/intensity_table.h"

namespace coppice::cli {

void add_table_options(CLI::App& command, PlaceArguments& arguments) {
  energy::PlaceQuery& place = arguments.place;
  command.add_option("--country", place.country, "ISO 3166 alpha-3 code, e.g. FRA; WORLD for the world");
  command.add_option("--region", place.region, "US state, Canadian or Chinese province, Nordic bidding zone");
  command.add_option("--cloud", place.cloud_provider, "Cloud provider: gcp, aws or azure");
  command.add_option("--cloud-region", place.cloud_region, "Its region, e.g. europe-west2");
  command.add_option("--intensity", arguments.intensity, "Carbon intensity in g/kWh, instead of any table");
  command.add_option("--year", place.year, "The figure of this year, not the newest")->check(CLI::Range(1950, 2100));
  command.add_option("--intensity-table", arguments.table,
                     "CSV file with newer intensities, asked before the tables compiled in: columns\n"
                     "iso_code,g_per_kwh and any of name,region,cloud_provider,cloud_region,year,source");
}

void add_place_options(CLI::App& command, PlaceArguments& arguments) {
  add_table_options(command, arguments);
  CLI::Option* live = command.add_flag("--live", arguments.live,
                                       "The intensity of this hour from Electricity Maps; needs --zone, a token in\n"
                                       "ELECTRICITYMAPS_TOKEN or a file, and a network");
  CLI::Option* either = command.add_flag("--live-or-table", arguments.live_or_table,
                                         "The same, and the place's yearly figure where it cannot be had");
  CLI::Option* zone = command.add_option("--zone", arguments.zone, "Zone of Electricity Maps, e.g. FR or US-CAL-CISO");
  command.add_option("--electricity-maps-token-file", arguments.token_file, "File whose first line is the token");
  command.add_option("--electricity-maps-url", arguments.url,
                     std::string("Base address of the service (") + energy::kElectricityMapsUrl + ")");
  for (const char* other : {"--intensity", "--year", "--intensity-table"}) live->excludes(command.get_option(other));
  live->excludes(either)->needs(zone);
  either->excludes(command.get_option("--intensity"))->needs(zone);
}

Result<std::string> read_text_file(const std::string& path, size_t most) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return invalid_input(path + ": is a folder; expected a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return not_found(path + ": cannot be read; check the path");
  std::string text;
  char buffer[1 << 16];
  while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
    text.append(buffer, static_cast<size_t>(in.gcount()));
    if (text.size() > most) break;  // the parser says that it is too large
  }
  if (in.bad()) return failed(path + ": reading failed");
  return text;
}

Result<energy::PlaceQuery> place_query(const PlaceArguments& arguments) {
  energy::PlaceQuery place = arguments.place;
  if (!arguments.wants_live() && (!arguments.zone.empty() || !arguments.token_file.empty() || !arguments.url.empty())) {
    return invalid_usage(
        "--zone, --electricity-maps-token-file and --electricity-maps-url go with --live or --live-or-table");
  }
  if (arguments.intensity) {
    if (!std::isfinite(*arguments.intensity) || *arguments.intensity < 0.0) {
      return invalid_usage("--intensity: expected a number of g/kWh that is not negative, not " +
                           std::to_string(*arguments.intensity));
    }
    if (place.year) return invalid_usage("--year chooses a figure of the tables; it does not go with --intensity");
    place.forced = energy::GramsPerKwh(*arguments.intensity);
  }
  if (!arguments.table.empty()) {
    COPPICE_ASSIGN_OR_RETURN(const std::string text, read_text_file(arguments.table, energy::kMostTableBytes));
    COPPICE_ASSIGN_OR_RETURN(auto table, energy::IntensityTable::parse(text, arguments.table));
    place.table = std::make_shared<const energy::IntensityTable>(std::move(table));
  }
  return place;
}

Result<energy::Intensity> find_intensity(const PlaceArguments& arguments, const energy::PlaceQuery& place,
                                         LiveSourceMaker make_source, const Say& say) {
  if (!arguments.wants_live()) return energy::resolve_intensity(place);
  const auto live = [&]() -> Result<energy::Intensity> {
    COPPICE_ASSIGN_OR_RETURN(const LiveSource source, make_source(arguments, say));
    return source();
  }();
  if (live || !arguments.live_or_table || live.status().code() == StatusCode::kInterrupted) return live;
  Result<energy::Intensity> table = energy::resolve_intensity(place);
  if (!table)
    return table.status().with_context("no live intensity (" + live.status().message() + ") and no table either");
  table->note = "no live intensity, a yearly figure instead: " + live.status().message() +
                (table->note.empty() ? "" : "; " + table->note);
  return table;
}

}  // namespace coppice::cli
