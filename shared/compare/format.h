// Numbers as people read them, always with their unit, three significant digits (two between 0.1 and 1). One place, so
// that the canvas, the table and the live region say the same.
#pragma once

#include <cstdint>
#include <string>

#include "shared/compare/state.h"

namespace coppice::compare {

std::string format_milliseconds(double milliseconds);  // "0.0412 ms", "8.42 ms", "148 ms", "1.24 s"
std::string format_joules(double joules);              // "640 µJ", "7.40 mJ", "11.1 J", "3.20 kJ", "5.73 MJ"
std::string format_grams_co2e(double grams);           // "83.0 µg CO2e", "1.20 mg CO2e", "2.10 t CO2e"
std::string format_bytes(int64_t bytes);               // "44.9 MB": decimal units
std::string format_count(double count);                // "22.7 M", "5.60 G"; below 100,000 with commas: "25,000"
std::string format_integer(int64_t value);             // every digit: "25,000", "1,048,576"
// A plain number: "0.0412", "3", "12.5", "25,000", "1.24 million", "< 0.000001".
std::string format_number(double value);
std::string format_percent(double share, int digits);  // 0.9312 -> "93.1 %"
// One digit; "> 99.9 %" rather than a "100.0 %" that no classifier means.
std::string format_probability(double probability);
// "41 % less", "12 % more", or "no clear difference" where the interval holds 1. Where percents would hide the size, it
// is a factor, rounded to two digits: "1/3,700 of the", "3,700 times the".
std::string format_ratio(const TimeRatio& ratio);
bool is_large(const TimeRatio& ratio);     // told as a factor
const char* phase_name(ModelPhase phase);  // for the view: "ready"
const char* phase_name(RunPhase phase);    // for the view: "timing"
// What the row says while it has no result: "35.1 MB to download", "downloading 12.0 of 35.1 MB", "ready", the problem.
std::string describe_phase(const ModelRow& row);

}  // namespace coppice::compare
