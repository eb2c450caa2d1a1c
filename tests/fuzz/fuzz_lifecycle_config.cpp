// The configuration of a life cycle: refused with file and line, or read into what a plan can be made of.
#include <cstdint>
#include <string>
#include <string_view>

#include "native/lifecycle/config.h"
#include "native/lifecycle/locate.h"
#include "native/lifecycle/plan.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)lifecycle::line_of(input, {"pruning", size_t{1}, "recovery", "epochs"});
  const auto config = lifecycle::parse_config(input, "input");
  if (!config) {
    FUZZ_CHECK(config.status().message().rfind("input", 0) == 0);
    return 0;
  }
  const lifecycle::DataSizes sizes{400, 100, 500, 50000, 12500, 62500, 16, 700};
  const lifecycle::Plan plan = lifecycle::make_plan(*config, "D", "B", "T", {}, sizes);
  FUZZ_CHECK(plan.steps.size() >= 4);
  return 0;
}
