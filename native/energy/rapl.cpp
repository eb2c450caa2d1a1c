#include "native/energy/rapl.h"

#include <algorithm>
#include <cctype>

namespace coppice::energy {

namespace {

// The counter is written about once a millisecond: each end of a window is uncertain by that much.
constexpr double kUpdateSeconds = 1e-3;
// No processor package draws this much. A fall of the counter that would mean more is a reset and not a wrap.
constexpr double kMostWattsPerZone = 3000.0;
// A counter that stands still this long while the machine runs is not counting.
constexpr double kFrozenZoneSeconds = 3.0;

bool is_top_level(const std::string& name) {
  static const std::string prefix = "intel-rapl:";
  return name.compare(0, prefix.size(), prefix) == 0 && name.size() > prefix.size() &&
         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(prefix.size()), name.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::vector<std::filesystem::path> sorted_folders(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    paths.push_back(entry->path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Whether the zone's counter may be read, else how to get there.
Status readable(const RaplZone& zone, const SystemPaths& paths) {
  const Result<uint64_t> reading = read_counter(zone.folder / "energy_uj");
  if (reading) return {};
  if (!is_denied(zone.folder / "energy_uj")) {
    return failed(zone.name + " cannot be read: " + reading.status().message() +
                  ". Expected a whole number of microjoules; is the module intel_rapl_common loaded?");
  }
  const std::string folder = paths.powercap.string();
  return failed(
      reading.status().message() +
      ". Since Linux 5.10 only root may read it, because a meter this fine can reveal secrets of other programs "
      "(CVE-2020-8694, PLATYPUS). To let a group of trusted users read it without root, until the next start: sudo "
      "groupadd -f rapl; "
      "sudo usermod -aG rapl $USER; sudo chgrp rapl " +
      folder + "/intel-rapl:*/energy_uj; sudo chmod g+r " + folder +
      "/intel-rapl:*/energy_uj; log in again. For good, as /etc/udev/rules.d/70-rapl.rules: SUBSYSTEM==\"powercap\", "
      "KERNEL==\"intel-rapl:*\", RUN+=\"/bin/chgrp rapl /sys%p/energy_uj\", RUN+=\"/bin/chmod g+r "
      "/sys%p/energy_uj\" (sysfs knows no setfacl)");
}

RaplZone zone_of(const std::filesystem::path& folder) {
  RaplZone zone{folder, read_small_file(folder / "name").value_or(""), 0};
  if (const Result<uint64_t> range = read_counter(folder / "max_energy_range_uj")) zone.range_microjoules = *range;
  return zone;
}

class RaplSource final : public EnergySource {
 public:
  RaplSource(std::vector<RaplZone> zones, Component component, Scope scope)
      : zones_(std::move(zones)), component_(component), scope_(scope), states_(zones_.size()) {}

  Status start() {
    for (size_t i = 0; i < zones_.size(); ++i) {
      COPPICE_ASSIGN_OR_RETURN(states_[i].last, read_counter(zones_[i].folder / "energy_uj"));
    }
    return {};
  }

  [[nodiscard]] Component component() const override { return component_; }

  [[nodiscard]] std::string description() const override {
    std::string text = "RAPL";
    for (const RaplZone& zone : zones_) text += " " + zone.name;
    if (scope_ == Scope::kMachine) return text + ", the whole counter";
    return text + " x share of busy CPU time (low: share of the whole capacity)";
  }

  void advance(const Sample& before, const Sample& now) override {
    const double seconds = (now.at - before.at).value();
    if (seconds <= 0.0) return;
    double busy = 1.0;
    double capacity = 1.0;
    if (scope_ != Scope::kMachine) {
      const std::optional<double> shares[] = {busy_share(before, now), capacity_share(before, now)};
      if (!shares[0] || !shares[1]) {
        // The next look that tells a share covers this time too.
        for (State& state : states_) state.unread_seconds += seconds;
        zone_seconds_ += seconds * static_cast<double>(zones_.size());
        warn("the CPU times of /proc/stat are missing or went back: no share of the counter can be worked out");
        return;
      }
      busy = *shares[0];
      capacity = *shares[1];
    }
    for (size_t i = 0; i < zones_.size(); ++i) {
      State& state = states_[i];
      state.unread_seconds += seconds;
      const std::optional<double> joules = read_delta(zones_[i], state);
      if (!joules) continue;
      // A reading after a gap covers the gap too, with the last interval's share for all of it.
      value_ += *joules * busy;
      low_ += *joules * std::min(capacity, busy);
      covered_zone_seconds_ += state.unread_seconds;
      most_watts_ = std::max(most_watts_, *joules / std::max(state.unread_seconds, 0.01) * busy);
      state.unread_seconds = 0.0;
    }
    zone_seconds_ += seconds * static_cast<double>(zones_.size());
  }

  [[nodiscard]] std::optional<Figure<Joules>> total() const override {
    if (covered_zone_seconds_ <= 0.0) return std::nullopt;
    const double mean_watts = value_ / covered_zone_seconds_;
    const double missing = std::max(0.0, zone_seconds_ - covered_zone_seconds_);
    Figure<Joules> figure{Joules(value_),
                          Joules(std::max(0.0, low_ - slack().value())),
                          Joules(value_) + slack(),
                          {scope_ == Scope::kMachine ? ProvenanceKind::kMeasured : ProvenanceKind::kMixed,
                           scope_ == Scope::kMachine ? description() : "measured: " + description()}};
    if (missing > 1e-9 && lost_) {
      // The time without a reading is filled at the mean power, at most at the highest seen.
      figure.value += Joules(mean_watts * missing);
      figure.high += Joules(most_watts_ * missing);
      figure.high = std::max(figure.high, figure.value);
      figure.provenance.kind = ProvenanceKind::kMixed;
      figure.provenance.method += " + modelled: time without a reading at the mean power";
    }
    return figure;
  }

  [[nodiscard]] Joules slack() const override {
    if (covered_zone_seconds_ <= 0.0) return Joules(0.0);
    return Joules(value_ / covered_zone_seconds_ * 2.0 * kUpdateSeconds * static_cast<double>(zones_.size()));
  }

  [[nodiscard]] std::vector<std::string> warnings() const override {
    std::vector<std::string> all = warnings_;
    if (all.empty() && zone_seconds_ > 0.0 && covered_zone_seconds_ <= 0.0) {
      all.push_back("no RAPL counter was written during this run: their energy is absent");
    }
    return all;
  }

 private:
  struct State {
    uint64_t last = 0;
    double unread_seconds = 0.0;  // since the last reading that was used
    bool lost = false;
    bool frozen = false;
  };

  // Joules since the last good reading; absent if there is none now.
  std::optional<double> read_delta(const RaplZone& zone, State& state) {
    const Result<uint64_t> reading = read_counter(zone.folder / "energy_uj");
    if (!reading) {
      state.lost = true;
      lost_ = true;
      warn(zone.name + " can no longer be read: " + reading.status().message());
      return std::nullopt;
    }
    if (*reading == state.last) {
      if (state.unread_seconds < kFrozenZoneSeconds) return std::nullopt;  // not written since: the next one covers it
      if (!state.frozen) warn(zone.name + " stands still: its readings are left out until it moves again");
      state.frozen = true;
      lost_ = true;
      return std::nullopt;
    }
    double microjoules = 0.0;
    bool usable = true;
    if (*reading > state.last) {
      microjoules = static_cast<double>(*reading - state.last);
    } else {
      microjoules =
          static_cast<double>(zone.range_microjoules) - static_cast<double>(state.last) + static_cast<double>(*reading);
      usable = zone.range_microjoules >= state.last && zone.range_microjoules > 0;
    }
    const double joules = microjoules * 1e-6;
    usable = usable && joules <= kMostWattsPerZone * std::max(state.unread_seconds, 0.1);
    state.last = *reading;
    // What was lost or frozen tells nothing about the time in between: the counter may have been reset meanwhile.
    const bool resumed = state.frozen;
    state.frozen = false;
    state.lost = false;
    if (!usable) {
      lost_ = true;
      state.unread_seconds = 0.0;
      warn(zone.name + " jumped: that interval is left out");
      return std::nullopt;
    }
    if (resumed) {
      state.unread_seconds = 0.0;
      return std::nullopt;
    }
    return joules;
  }

  void warn(const std::string& text) {
    if (std::find(warnings_.begin(), warnings_.end(), text) == warnings_.end() && warnings_.size() < 20) {
      warnings_.push_back(text);
    }
  }

  std::vector<RaplZone> zones_;
  Component component_;
  Scope scope_;
  std::vector<State> states_;
  double value_ = 0.0;
  double low_ = 0.0;
  double zone_seconds_ = 0.0;          // seconds x zones since the start
  double covered_zone_seconds_ = 0.0;  // of these, with a reading
  double most_watts_ = 0.0;
  bool lost_ = false;
  std::vector<std::string> warnings_;
};

}  // namespace

Result<RaplZones> find_rapl_zones(const SystemPaths& paths) {
  RaplZones zones;
  for (const auto& folder : sorted_folders(paths.powercap)) {
    if (!is_top_level(folder.filename().string())) continue;
    const RaplZone zone = zone_of(folder);
    (zone.name.compare(0, 7, "package") == 0 ? zones.packages
     : zone.name == "psys"                   ? zones.platform
                                             : zones.parts)
        .push_back(zone);
    const std::string child_prefix = folder.filename().string() + ":";
    for (const auto& child : sorted_folders(folder)) {
      if (child.filename().string().compare(0, child_prefix.size(), child_prefix) != 0) continue;
      const RaplZone part = zone_of(child);
      (part.name == "dram" ? zones.dram : zones.parts).push_back(part);
    }
  }
  if (zones.packages.empty() && zones.platform.empty()) {
    return not_found(paths.powercap.string() +
                     ": no RAPL energy counter (no Intel or AMD processor of 2012 or later, a virtual machine, or the "
                     "kernel module intel_rapl_msr is not loaded)");
  }
  for (const auto* list : {&zones.packages, &zones.platform}) {
    for (const RaplZone& zone : *list) COPPICE_RETURN_IF_ERROR(readable(zone, paths));
  }
  return zones;
}

Result<std::unique_ptr<EnergySource>> make_rapl_source(std::vector<RaplZone> zones, Component component, Scope scope) {
  auto source = std::make_unique<RaplSource>(std::move(zones), component, scope);
  COPPICE_RETURN_IF_ERROR(source->start());
  return std::unique_ptr<EnergySource>(std::move(source));
}

}  // namespace coppice::energy
