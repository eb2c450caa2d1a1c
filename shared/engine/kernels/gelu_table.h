// GELU by pieces, for instruction sets that look 32 numbers up in registers (AVX-512).
//
// GELU(x) = x / 2 + |x| * S(|x|), S(a) = erf(a / sqrt(2)) / 2, which is 1/2 to seven digits where the pieces end. S of
// a = (i + f) * kGeluStep, |f| <= 1/2, is the quartic through the Chebyshev nodes of the piece, 4e-9 apart from it. A
// cubic would be within 2e-7, but bytes are made of the result: errors that rounding hides move fewer of them.
#pragma once

#include <array>
#include <cstddef>

namespace coppice::engine::kernels {

inline constexpr size_t kGeluPieces = 32;
inline constexpr size_t kGeluTerms = 5;
inline constexpr double kGeluStep = 5.6 / (kGeluPieces - 1);

// erf(x), x >= 0, by the series of 2 / sqrt(pi) * exp(-x^2) * x * (1 + 2x^2 / 3 + ...): all terms are positive.
// (Abramowitz and Stegun 7.1.6.)
constexpr double erf_of(double x) {
  double term = x;
  double sum = x;
  for (int n = 1; n < 120; ++n) sum += term *= 2 * x * x / (2 * n + 1);
  double power = 1;  // exp(-x^2) = exp(-x^2 / 1024)^1024
  double part = 1;
  for (int n = 1; n < 12; ++n) power += part *= -x * x / 1024 / n;
  for (int i = 0; i < 10; ++i) power *= power;
  return 1.1283791670955126 * power * sum;
}

// Coefficients by power of f, then by piece.
constexpr std::array<std::array<float, kGeluPieces>, kGeluTerms> gelu_table() {
  // cos((2 j + 1) * pi / 10) / 2
  constexpr double kNodes[kGeluTerms] = {0.47552825814757677, 0.29389262614623657, 0, -0.29389262614623657,
                                         -0.47552825814757677};
  std::array<std::array<float, kGeluPieces>, kGeluTerms> table{};
  for (size_t piece = 0; piece < kGeluPieces; ++piece) {
    double differences[kGeluTerms] = {};  // Newton's, divided
    for (size_t j = 0; j < kGeluTerms; ++j) {
      const double a = (static_cast<double>(piece) + kNodes[j]) * kGeluStep * 0.70710678118654752;
      differences[j] = a < 0 ? -erf_of(-a) / 2 : erf_of(a) / 2;
    }
    for (size_t order = 1; order < kGeluTerms; ++order) {
      for (size_t j = kGeluTerms - 1; j >= order; --j) {
        differences[j] = (differences[j] - differences[j - 1]) / (kNodes[j] - kNodes[j - order]);
      }
    }
    double powers[kGeluTerms] = {differences[kGeluTerms - 1]};
    for (size_t j = kGeluTerms - 1; j-- > 0;) {  // times (f - node j), plus a difference
      for (size_t i = kGeluTerms - 1; i > 0; --i) powers[i] = powers[i - 1] - kNodes[j] * powers[i];
      powers[0] = differences[j] - kNodes[j] * powers[0];
    }
    for (size_t i = 0; i < kGeluTerms; ++i) table[i][piece] = static_cast<float>(powers[i]);
  }
  return table;
}

}  // namespace coppice::engine::kernels
