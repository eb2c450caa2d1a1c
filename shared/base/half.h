// IEEE 754 binary16 and bfloat16, converted bit by bit so that native and WASM agree.
#pragma once

#include <cstdint>
#include <cstring>

namespace coppice {

// std::bit_cast, which the libc++ of Emscripten 3.1.6 lacks.
template <typename To, typename From>
To bits_as(From value) {
  static_assert(sizeof(To) == sizeof(From));
  To result;
  std::memcpy(&result, &value, sizeof(To));
  return result;
}

inline float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1FU;
  const uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24 is exact in float
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t exponent32 = exponent == 31 ? 255U : exponent + 112U;
  return bits_as<float>(sign | (exponent32 << 23) | (mantissa << 13));
}

// Rounds to nearest, ties to even; overflow gives infinity, NaN stays NaN.
inline uint16_t float_to_half(float value) {
  const uint32_t bits = bits_as<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000U);
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<uint16_t>(sign | 0x7E00U);   // NaN
  if (magnitude >= 0x477FF000U) return static_cast<uint16_t>(sign | 0x7C00U);  // rounds to infinity
  if (magnitude < 0x38800000U) {                                               // subnormal or zero in binary16
    const float scaled = bits_as<float>(magnitude) + 0.5F;                     // 0.5 has ulp 2^-24: the addition rounds
    return static_cast<uint16_t>(sign | (bits_as<uint32_t>(scaled) - 0x3F000000U));
  }
  const uint32_t odd = (magnitude >> 13) & 1U;
  return static_cast<uint16_t>(sign | ((magnitude + 0xFFFU + odd - 0x38000000U) >> 13));
}

inline float bfloat16_to_float(uint16_t value) { return bits_as<float>(static_cast<uint32_t>(value) << 16); }

}  // namespace coppice
