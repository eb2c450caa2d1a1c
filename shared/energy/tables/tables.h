// Published tables, compiled in by generate_tables.py. Each table names its source; licences are in README.md beside
// it. g means grams of CO2e per kWh throughout. `year` 0: the source does not say.
#pragma once

#include <cstddef>
#include <span>

namespace coppice::energy {

struct CountryRow {
  const char* iso3;
  const char* name;
  double g_per_kwh;
  int year;
};

// `country` is the ISO 3166 alpha-3 code; `code` the region's own short code ("WA", "CN-BJ", "NO1").
struct RegionRow {
  const char* country;
  const char* code;
  const char* name;    // lower case
  const char* others;  // further lower-case names, separated by '|'
  double g_per_kwh;
  int year;
};

struct CloudRow {
  const char* provider;
  const char* region;
  const char* country;  // ISO 3166 alpha-3, "" where the table has none
  const char* place;
  double g_per_kwh;
  int year;
};

// One region in one year. `carbon_free_share`: Google's CFE, the share of hourly demand matched with carbon-free
// electricity, the grid's own included; 0..1, negative where Google publishes none.
struct GoogleYearRow {
  int year;
  const char* region;
  double g_per_kwh;
  double carbon_free_share;
};

// The embodied emissions of the whole host that a machine type runs on, in kg CO2e: multiply by the share taken.
struct HostRow {
  const char* machine_type;
  double embodied_kg;
};

// Watts per hardware thread offered as a vCPU, at 0 and at 100 % load.
struct VcpuRow {
  const char* architecture;
  double min_watts;
  double max_watts;
};

struct CpuRow {
  const char* name;
  double tdp_watts;
};

// CodeCarbon 3.3.2: Our World in Data by country.
std::span<const CountryRow> codecarbon_countries();
// CodeCarbon 3.3.2: US states (EPA eGRID 2023), Canadian provinces (worked out from the mix with CodeCarbon's factors),
// Chinese provinces (MEE/NBS 2023, CO2 only), Nordic bidding zones (ENTSO-E 2025).
std::span<const RegionRow> codecarbon_regions();
// CodeCarbon 3.3.2: Google Cloud regions, Google's 2023 figures. Spelling as in the source ("me-cenrtal1").
std::span<const CloudRow> codecarbon_clouds();
// Google Cloud regions, Google's 2024 figures.
std::span<const CloudRow> google_clouds_2024();
// Google Cloud regions by year, 2019 to 2024. 2019 and 2020 are life-cycle intensities, later years are the grid's: one
// must not be set against the other.
std::span<const GoogleYearRow> google_years();
inline constexpr int kGoogleFirstGridYear = 2021;
// Ember by country via CO2.js (CC-BY-SA). The last row, with the code "WORLD", is Ember's world average.
std::span<const CountryRow> ember_countries();
// Cloud Carbon Footprint: watts per vCPU by microarchitecture.
std::span<const VcpuRow> ccf_vcpus();
// Cloud Carbon Footprint: embodied emissions by GCP machine type.
std::span<const HostRow> ccf_hosts();
// CodeCarbon 3.3.2: thermal design power by processor name. In a library of its own (coppice_cpu_table), because it is
// the one large table and a page in a browser has no use for it.
std::span<const CpuRow> codecarbon_cpus();

// CodeCarbon's last resort, a world average: IEA, Global Energy & CO2 Status Report 2019.
inline constexpr double kCodecarbonWorldGramsPerKwh = 475.0;
inline constexpr int kCodecarbonWorldYear = 2019;

}  // namespace coppice::energy
