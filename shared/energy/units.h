// Quantities that cannot be mixed up: a Joules is no Watts, and only products that mean something compile.
//
//   Joules energy = Watts(12.0) * Seconds(3.0);
//   GramsCo2e emissions = energy * GramsPerKwh(56.0);
#pragma once

#include <compare>

namespace coppice::energy {

// One number with a unit in its type. Conversion from and to double is explicit.
template <typename Unit>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value_(value) {}
  [[nodiscard]] constexpr double value() const { return value_; }

  constexpr Quantity& operator+=(Quantity other) {
    value_ += other.value_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value_ + b.value_); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value_ - b.value_); }
  friend constexpr Quantity operator*(Quantity a, double factor) { return Quantity(a.value_ * factor); }
  friend constexpr Quantity operator*(double factor, Quantity a) { return Quantity(a.value_ * factor); }
  friend constexpr Quantity operator/(Quantity a, double divisor) { return Quantity(a.value_ / divisor); }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;

 private:
  double value_ = 0.0;
};

using Joules = Quantity<struct JoulesUnit>;
using Watts = Quantity<struct WattsUnit>;
using Seconds = Quantity<struct SecondsUnit>;
using GramsCo2e = Quantity<struct GramsCo2eUnit>;
using GramsPerKwh = Quantity<struct GramsPerKwhUnit>;  // grams of CO2e per kWh of electricity

// Exact by definition.
inline constexpr double kJoulesPerKwh = 3'600'000.0;

constexpr Joules operator*(Watts power, Seconds time) { return Joules(power.value() * time.value()); }
constexpr Joules operator*(Seconds time, Watts power) { return power * time; }
constexpr Watts operator/(Joules energy, Seconds time) { return Watts(energy.value() / time.value()); }

constexpr double to_kwh(Joules energy) { return energy.value() / kJoulesPerKwh; }
constexpr Joules from_kwh(double kwh) { return Joules(kwh * kJoulesPerKwh); }

constexpr GramsCo2e operator*(Joules energy, GramsPerKwh intensity) {
  return GramsCo2e(to_kwh(energy) * intensity.value());
}

}  // namespace coppice::energy
