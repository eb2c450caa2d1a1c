// Finding a place in the tables by any name people use for it. For carbon.cpp and whoever reads tables of their own.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/energy/tables/tables.h"

namespace coppice::energy {

const CountryRow* find_country(std::span<const CountryRow> rows, const std::string& iso3);
const CloudRow* find_cloud(std::span<const CloudRow> rows, const std::string& provider, const std::string& region);
// Google's figures of one region in one year; nullptr if there are none. Year 0: the newest.
const GoogleYearRow* find_google_year(const std::string& region, int year);
// The years there are figures of the region for, oldest first.
std::vector<int> google_years_of(const std::string& region);

// Runs of blanks become one, and none stays at the ends, as Python's " ".join(text.split()).
std::string squeeze(std::string_view text);

// A region by code ("WA", "US-WA", "CA-QC", "CN-BJ", "SE3"), name or another of its names. `country` in upper case.
const RegionRow* find_region(const std::string& country, const std::string& region);
// By CodeCarbon's rules: US states and Canadian provinces by full lower-case name, Chinese provinces by name without
// its suffix, Nordic zones by code.
const RegionRow* find_region_as_codecarbon(const std::string& country, const std::string& region);
// Whether the regions of the country are known by code and not by name.
bool is_nordic(const std::string& country);

// Names as they are asked for, near the one that was: "FRA (France)" for countries, names or codes of regions.
std::vector<std::string> near_countries(const std::string& country);
std::vector<std::string> near_regions(const std::string& country, const std::string& region);
std::vector<std::string> near_google_regions(const std::string& region);

}  // namespace coppice::energy
