// Energy and carbon as a server's answers tell them ("usage"), summed up. Thread-safe.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>

#include "shared/base/json.h"
#include "shared/energy/figure.h"

namespace coppice::load {

class ServerUsage {
 public:
  // The body of an answer; one without a usage that can be read is counted as such and adds nothing.
  void add(const std::string& body);
  // {"answers","without_usage","energy_joules","joules_per_answer","carbon_grams_co2e","grams_co2e_per_answer"};
  // figures are absent where no answer had them.
  [[nodiscard]] OrderedJson json() const;

 private:
  mutable std::mutex mutex_;
  size_t answers_ = 0;
  size_t without_ = 0;
  size_t with_carbon_ = 0;
  std::optional<energy::Figure<energy::Joules>> energy_;
  std::optional<energy::Figure<energy::GramsCo2e>> carbon_;
};

}  // namespace coppice::load
