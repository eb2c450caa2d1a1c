// GELU by pieces, for instruction sets that look 32 numbers up in registers (AVX-512).
//
// GELU(x) = x / 2 + |x| * S(|x|), S(a) = erf(a / sqrt(2)) / 2, which is 1/2 to seven digits where the pieces end. S of
// a = (i + f) * kGeluStep, |f| <= 1/2, is the cubic through the Chebyshev nodes of the piece: it is within 2e-7.
#pragma once

#include <array>
#include <cstddef>

namespace coppice::engine::kernels {

inline constexpr size_t kGeluPieces = 32;
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
constexpr std::array<std::array<float, kGeluPieces>, 4> gelu_table() {
  // cos((2 j + 1) * pi / 8) / 2
  constexpr double kNodes[4] = {0.46193976625564337, 0.19134171618254489, -0.19134171618254489, -0.46193976625564337};
  std::array<std::array<float, kGeluPieces>, 4> table{};
  for (size_t piece = 0; piece < kGeluPieces; ++piece) {
    double differences[4] = {};  // Newton's, divided
    for (size_t j = 0; j < 4; ++j) {
      const double a = (static_cast<double>(piece) + kNodes[j]) * kGeluStep * 0.70710678118654752;
      differences[j] = a < 0 ? -erf_of(-a) / 2 : erf_of(a) / 2;
    }
    for (size_t order = 1; order < 4; ++order) {
      for (size_t j = 3; j >= order; --j) {
        differences[j] = (differences[j] - differences[j - 1]) / (kNodes[j] - kNodes[j - order]);
      }
    }
    double powers[4] = {differences[3], 0, 0, 0};
    for (size_t j = 3; j-- > 0;) {  // times (f - node j), plus a difference
      for (size_t i = 3; i > 0; --i) powers[i] = powers[i - 1] - kNodes[j] * powers[i];
      powers[0] = differences[j] - kNodes[j] * powers[0];
    }
    for (size_t i = 0; i < 4; ++i) table[i][piece] = static_cast<float>(powers[i]);
  }
  return table;
}

}  // namespace coppice::engine::kernels
