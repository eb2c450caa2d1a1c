// Counters of the server, as Prometheus reads them (text format 0.0.4).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace coppice::serve {

// A closed list, so that no client can make up label values.
enum class Route { kClassify, kModels, kHealth, kReady, kMetrics, kOpenApi, kPage, kNone };
const char* to_string(Route route);  // "/v1/classify", ..., "page", "none"

class Metrics {
 public:
  // One answer: its time from the last byte of the request's head to the last of the answer.
  void count_request(Route route, int status, double seconds);
  void count_texts(const std::string& model, size_t texts);
  void count_run(size_t texts);
  void count_refused_connection();

  // `gauges`: further lines, e.g. queue lengths.
  [[nodiscard]] std::string prometheus(const std::string& gauges) const;

 private:
  static constexpr std::array kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};
  struct Histogram {
    std::array<uint64_t, kBounds.size() + 1> counts{};  // the last: longer than all bounds
    double sum = 0.0;
  };

  mutable std::mutex mutex_;
  std::map<std::pair<Route, int>, uint64_t> requests_;
  std::map<Route, Histogram> seconds_;
  std::map<std::string, uint64_t> texts_;
  uint64_t runs_ = 0;
  uint64_t run_texts_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace coppice::serve
