// The energy of multiplying two matrices, by phase: matrix_energy [--json] [SIZE] [COUNTRY]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "native/energy/tracker.h"

namespace {

using coppice::energy::EnergyReport;
using coppice::energy::EnergyTracker;

// Rows of one matrix times another one of the same size.
std::vector<double> multiply(const std::vector<double>& a, const std::vector<double>& b, size_t size) {
  std::vector<double> product(size * size);
  for (size_t row = 0; row < size; ++row) {
    for (size_t k = 0; k < size; ++k) {
      for (size_t column = 0; column < size; ++column) {
        product[row * size + column] += a[row * size + k] * b[k * size + column];
      }
    }
  }
  return product;
}

void print_row(const std::string& name, const coppice::energy::Reading& reading) {
  std::printf("%-10s %8.3f s %8.3f s", name.c_str(), reading.duration.value(), reading.cpu_time.value());
  if (const auto& energy = reading.energy) {
    std::printf(" %9.3f J (%.3f to %.3f)", energy->value.value(), energy->low.value(), energy->high.value());
  } else {
    std::printf(" energy unknown");
  }
  if (const auto& emissions = reading.emissions) std::printf("  %.3g g CO2e", emissions->value.value());
  std::printf("\n");
}

void print_table(const EnergyReport& report) {
  std::printf("%-10s %10s %10s %s\n", "phase", "time", "CPU time", "energy (interval), carbon");
  for (const auto& phase : report.phases) print_row(phase.name, phase.total);
  print_row("all", report.total);
  for (const auto& component : report.components) {
    std::printf("%s: %s", to_string(component.component), component.source.c_str());
    if (component.energy) std::printf(" [%s]", to_string(component.energy->provenance.kind));
    std::printf("\n");
  }
  for (const std::string& note : report.notes) std::printf("note: %s\n", note.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc > 1 && std::strcmp(argv[1], "--json") == 0;
  const char* const* rest = argv + (json ? 2 : 1);
  const char* const* const end = argv + argc;
  const size_t size = rest < end ? std::strtoul(*rest++, nullptr, 10) : 400;
  coppice::energy::TrackerOptions options;
  options.place.country = rest < end ? *rest : "FRA";
  if (size == 0 || size > 10000) {
    std::fprintf(stderr, "matrix_energy: expected a SIZE in 1..10000\n");
    return 2;
  }

  auto tracker = EnergyTracker::start(std::move(options));
  if (!tracker) {
    std::fprintf(stderr, "matrix_energy: %s\n", tracker.status().message().c_str());
    return 2;
  }
  (*tracker)->begin_phase("fill");
  std::vector<double> a(size * size);
  std::vector<double> b(size * size);
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<double>(i % 7);
    b[i] = static_cast<double>(i % 5);
  }
  (*tracker)->begin_phase("multiply");  // ends "fill"
  const std::vector<double> product = multiply(a, b, size);
  const EnergyReport report = (*tracker)->finish();  // ends "multiply"

  if (json) {
    std::printf("%s\n", coppice::dump_json(to_json(report), 1).c_str());
  } else {
    print_table(report);
    std::printf("(the last element is %g)\n", product.back());
  }
  return 0;
}
