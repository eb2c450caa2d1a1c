// Energy of one inference, method "operations", version 1:  E = n x e.
//
//   n   the encoder's floating-point operations at this review's tokens, from the manifest
//   e   energy of one operation on a processor core
//
// e is put together from the energies of Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC
// 2014, figure 1.1.9 (45 nm, 0.9 V), in pJ: float32 multiplication 3.7 and addition 0.9; 8-bit multiplication 0.2;
// 32-bit integer addition 0.1; 64 bits from a 32 kB cache 20; fetching, decoding and controlling an instruction 70.
//
//   float32, a browser's 128-bit vectors: load, multiply, add on 4 lanes, 8 operations
//       (4 x (3.7 + 0.9) + 3 x 70 + 2 x 20) / 8     = 33.55 pJ
//     at best  512-bit vectors, fused, operands in registers, 32 operations:  (16 x 4.6 + 70) / 32    =   4.4875 pJ
//     at worst one lane, load, multiply, add, 2 operations:                   (4.6 + 3 x 70 + 20) / 2 = 117.3 pJ
//   int8, 128-bit vectors: load, widen, multiply by pairs, add; 8 products, 16 operations
//       (8 x (0.2 + 0.1) + 4 x 70 + 20) / 16        = 18.9 pJ
//     at best  512-bit dot product, 64 products, 128 operations:              (64 x 0.3 + 70) / 128   =   0.696875 pJ
//     at worst one lane:                                                      (0.3 + 3 x 70 + 20) / 2 = 115.15 pJ
//
// A younger process needs less for the same, which the band's low end stands for. Only the processor's work on the
// encoder is counted: no main memory, no idle share, no display, no embeddings. It says what the arithmetic must cost,
// and ranks models by operations alone, whatever a runtime makes of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "shared/energy/figure.h"
#include "shared/energy/units.h"

namespace coppice::energy {

struct PicojoulesPerOperation {
  double value;
  double low;
  double high;
};
PicojoulesPerOperation operation_energy(bool int8);

// Operations at `tokens` from counts at some lengths (the manifest's encoder_flops). An encoder's count is a t + b t^2
// (matrices, attention): two lengths give a and b, and so the exact count at every other; one length is scaled in
// proportion. None for no lengths, or where the counts fit no encoder (a negative result).
std::optional<double> operations_at(const std::map<int64_t, int64_t>& counts, int64_t tokens);

// `operations` is not negative. Modelled.
Figure<Joules> energy_by_operations(double operations, bool int8);

}  // namespace coppice::energy
