#include "shared/energy/inference/operations.h"

#include <cstdlib>
#include <string>
#include <utility>

namespace coppice::energy {
namespace {

// Horowitz 2014, in pJ.
constexpr double kMultiplyFloat = 3.7;
constexpr double kAddFloat = 0.9;
constexpr double kMultiplyByte = 0.2;
constexpr double kAddInteger = 0.1;
constexpr double kLoad64Bits = 20.0;
constexpr double kInstruction = 70.0;

constexpr double kPicojoule = 1e-12;

}  // namespace

PicojoulesPerOperation operation_energy(bool int8) {
  if (int8) {
    constexpr double kPair = kMultiplyByte + kAddInteger;
    return {(8 * kPair + 4 * kInstruction + kLoad64Bits) / 16, (64 * kPair + kInstruction) / 128,
            (kPair + 3 * kInstruction + kLoad64Bits) / 2};
  }
  constexpr double kPair = kMultiplyFloat + kAddFloat;
  return {(4 * kPair + 3 * kInstruction + 2 * kLoad64Bits) / 8, (16 * kPair + kInstruction) / 32,
          (kPair + 3 * kInstruction + kLoad64Bits) / 2};
}

std::optional<double> operations_at(const std::map<int64_t, int64_t>& counts, int64_t tokens) {
  if (counts.empty() || tokens < 0) return std::nullopt;
  const auto exact = counts.find(tokens);
  if (exact != counts.end()) return static_cast<double>(exact->second);
  const auto t = static_cast<double>(tokens);
  const auto t1 = static_cast<double>(counts.begin()->first);
  const auto n1 = static_cast<double>(counts.begin()->second);
  if (counts.size() == 1) return n1 * t / t1;
  const auto t2 = static_cast<double>(counts.rbegin()->first);
  const auto n2 = static_cast<double>(counts.rbegin()->second);
  // n/t is a straight line in t.
  const double b = (n2 / t2 - n1 / t1) / (t2 - t1);
  const double a = n1 / t1 - b * t1;
  const double operations = t * (a + b * t);
  if (operations < 0) return std::nullopt;
  return operations;
}

Figure<Joules> energy_by_operations(double operations, bool int8) {
  const PicojoulesPerOperation each = operation_energy(int8);
  Figure<Joules> figure;
  figure.value = Joules(operations * each.value * kPicojoule);
  figure.low = Joules(operations * each.low * kPicojoule);
  figure.high = Joules(operations * each.high * kPicojoule);
  figure.provenance.kind = ProvenanceKind::kModelled;
  figure.provenance.method = std::string("the encoder's operations at this length x energy of one ") +
                             (int8 ? "int8" : "float32") +
                             " operation of a processor core (Horowitz, ISSCC 2014; from the widest vectors to none)";
  return figure;
}

}  // namespace coppice::energy
