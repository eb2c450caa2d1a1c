#include "shared/engine/kernel_costs.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

namespace coppice::engine {
namespace {

using namespace kernels;

// A piece of a matrix as MiniLM has them, on one tile of tokens.
constexpr size_t kRows = 96;
constexpr size_t kHighRows = 4 * kRows;  // of blocks of four rows
constexpr size_t kDepth = 384;
constexpr size_t kTokens = 64;
constexpr size_t kEvery = 5;  // one of so many is not zero
constexpr int kRepeats = 4;
// In a whole model the product of four bytes at once costs more than here, where all lies in the first cache; with an
// instruction of its own it takes a third of the time of the others.
constexpr double kFourBytes = 1.3;
constexpr int kLeastSteps = 20;        // of the clock, that a time may be believed
constexpr double kMostStep = 1e-3;     // seconds; a coarser clock is of no use here
constexpr int kMostLooks = 1000000;    // at a clock that stands still
constexpr double kMostPatience = 0.5;  // seconds

// The smallest step of the clock that is seen.
double step_of(double (*now)()) {
  double smallest = kMostStep;
  double before = now();
  for (int seen = 0, looks = 0; seen < 5 && looks < kMostLooks; ++looks) {
    const double time = now();
    if (time == before) continue;
    smallest = std::min(smallest, time - before);
    before = time;
    ++seen;
  }
  return smallest;
}

class Stopwatch {
 public:
  explicit Stopwatch(double (*now)()) : now_(now), least_(kLeastSteps * step_of(now)) {}

  // Seconds of one call, the shortest of several; so many calls together that the clock's steps are small beside them.
  double shortest(const std::function<void()>& work) {
    double shortest = 1e9;
    int calls = 1;
    for (int i = 0; i < kRepeats;) {
      const double start = now_();
      for (int call = 0; call < calls; ++call) work();
      const double time = now_() - start;
      if (time < least_ && calls < kMostCalls) {
        calls *= 2;
        continue;
      }
      shortest = std::min(shortest, time / calls);
      ++i;
    }
    of_all_ += shortest;
    return shortest;
  }
  // One call of each work.
  [[nodiscard]] double of_all() const { return of_all_; }

 private:
  static constexpr int kMostCalls = 256;
  double (*now_)();
  double least_;
  double of_all_ = 0;
};

// One of so many is not zero, at changing places, as pruning leaves them. In the order of SparseRows.
struct Entries {
  std::vector<uint8_t> inputs;
  std::vector<uint32_t> begins;

  Entries() {
    for (size_t block = 0; block < kDepth; block += kSparseDepth) {
      for (size_t row = 0; row < kRows; ++row) {
        begins.push_back(static_cast<uint32_t>(inputs.size()));
        for (size_t k = 0; k < std::min(kSparseDepth, kDepth - block); ++k) {
          if ((row * 7 + k * 3 + k * k * row) % kEvery == 0) inputs.push_back(static_cast<uint8_t>(k));
        }
      }
    }
    begins.push_back(static_cast<uint32_t>(inputs.size()));
  }
};

// What is left of each row, of `count` groups of inputs: `kept` of `of`, at changing places. In blocks of `block`
// groups.
struct Groups {
  std::vector<uint8_t> places;
  std::vector<uint32_t> begins;

  Groups(size_t count, size_t block, size_t kept, size_t of) {
    for (size_t first = 0; first < count; first += block) {
      for (size_t row = 0; row < kRows; ++row) {
        begins.push_back(static_cast<uint32_t>(places.size()));
        for (size_t place = 0; place < std::min(block, count - first); ++place) {
          if ((row * 5 + place * 3 + place * place * row) % of < kept) places.push_back(static_cast<uint8_t>(place));
        }
        if (places.size() % 2 != 0) places.push_back(places.back());  // as paired quads are
      }
    }
    begins.push_back(static_cast<uint32_t>(places.size()));
  }
};

// Numbers where a session has them: from a line of the cache on. A vector of AVX-512 that begins elsewhere lies in two.
template <typename T>
class Numbers {
 public:
  Numbers(size_t count, T value) : bytes_(count * sizeof(T)) {
    if (bytes_.size() > 0) std::fill(data(), data() + count, value);
  }
  [[nodiscard]] T* data() const { return bytes_.as<T>(); }  // null where there was no memory

 private:
  AlignedBytes bytes_;
};

// Every product on the same piece. Times are in seconds of the whole piece; a sparse format's are of its entries.
class Piece {
 public:
  explicit Piece(double (*now)()) : watch_(now) {}
  [[nodiscard]] double of_all() const { return watch_.of_all(); }
  // Whether there was memory for it.
  [[nodiscard]] bool is_whole() const {
    const auto all = [](const auto&... numbers) { return (... && (numbers.data() != nullptr)); };
    return all(x_, out_, bias_, scratch_, bytes_, token_scales_, zero_points_, int8_, row_scales_, sums_);
  }

  double dense() {
    const std::vector<float> weights(kRows * kDepth, 0.25F);
    return watch_.shortest([&] {
      multiply_float32(weights.data(), kDepth, kAll, {x_.data(), kStride}, kTokens, epilogue(), out());
    });
  }
  double float16() {
    const std::vector<uint16_t> weights(kRows * kDepth, 0x3400);
    return watch_.shortest([&] {
      multiply_float16(weights.data(), kDepth, kAll, {x_.data(), kStride}, kTokens, epilogue(), out(), scratch_.data());
    });
  }
  // Of one entry.
  double sparse() {
    const Entries entries;
    const std::vector<float> values(entries.inputs.size(), 0.25F);
    const SparseRows weights{values.data(), entries.inputs.data(), entries.begins.data(), kRows, kDepth};
    const double time = watch_.shortest([&] {
      multiply_sparse(weights, kAll, {x_.data(), kStride}, kTokens, epilogue(), out(), scratch_.data());
    });
    return time / static_cast<double>(entries.inputs.size());
  }
  // Of one of an entry's four multiplications. The same entries as of four rows each: the matrix is four times as high.
  double blocks() {
    const Entries entries;
    const std::vector<float> values(entries.inputs.size() * 4, 0.25F);
    const BlockRows weights{values.data(), entries.inputs.data(), entries.begins.data(), kHighRows, kDepth};
    const double time = watch_.shortest([&] {
      multiply_blocks(weights, {0, kHighRows}, {x_.data(), kStride}, kTokens, epilogue(), out(), scratch_.data());
    });
    return time / static_cast<double>(4 * entries.inputs.size());
  }
  double dense_int8(bool by_twos) {
    Int8Weights weights = int8_weights();
    weights.by_twos = by_twos;
    return watch_.shortest([&] {
      if (multiplies_bytes(true)) {
        multiply_int8(weights, kAll, quantized(), kTokens, epilogue(), out());
      } else {
        multiply_int8_pairs(weights, kAll, quantized(), kTokens, epilogue(), out(), scratch_.data());
      }
    });
  }
  // Where offset_weights(); else without end.
  double offset_int8(bool by_twos) {
    if (!offset_weights()) return std::numeric_limits<double>::infinity();
    const std::vector<uint16_t> high_inputs(1);
    const std::vector<uint32_t> high_begins(kRows + 1, 0);
    Int8Weights weights = int8_weights();
    weights.high_inputs = high_inputs.data();
    weights.high_begins = high_begins.data();
    weights.by_twos = by_twos;
    return watch_.shortest([&] { multiply_int8(weights, kAll, quantized(), kTokens, epilogue(), out()); });
  }
  // Of one of a quad's four multiplications; of three in five quads.
  double quads(bool by_twos) {
    const Groups quads(kDepth / 4, multiplies_bytes(true) ? quad_block() / 4 : kPairBlock / 2, 3, 5);
    const std::vector<int32_t> values(2 * quads.places.size(), 0x00030003);
    const double time = watch_.shortest([&] {
      if (multiplies_bytes(true)) {
        multiply_quads({int8_.data(), quads.places.data(), quads.begins.data(), row_scales_.data(), sums_.data(), kRows,
                        kDepth, pairs_quads(by_twos)},
                       kAll, quantized(), kTokens, epilogue(), out());
      } else {
        multiply_pairs({true, values.data(), quads.places.data(), quads.begins.data(), row_scales_.data(), sums_.data(),
                        kRows, kDepth},
                       kAll, quantized(), kTokens, epilogue(), out(), scratch_.data());
      }
    });
    return time / static_cast<double>(4 * quads.places.size());
  }
  // Of one of the sixteen multiplications of an entry; of one in four inputs. The matrix is four times as high, since
  // what is made ready for all rows is not little beside a few.
  double int8_blocks(bool by_twos) {
    if (!multiplies_bytes(true)) return std::numeric_limits<double>::infinity();
    static_assert(kDepth % 16 == 0);
    constexpr size_t kGroups = kHighRows / 4;
    std::vector<uint16_t> inputs;
    std::vector<uint32_t> begins;
    for (size_t first = 0; first < kDepth; first += byte_block()) {
      for (size_t group = 0; group < kGroups; ++group) {
        begins.push_back(static_cast<uint32_t>(inputs.size() / 4));
        for (size_t k = 0; k < std::min(byte_block(), kDepth - first) / 4; ++k) {
          inputs.push_back(static_cast<uint16_t>((4 * k + (group + k) % 4) * token_tile()));
        }
      }
    }
    begins.push_back(static_cast<uint32_t>(inputs.size() / 4));
    const double time = watch_.shortest([&] {
      multiply_int8_blocks({int8_.data(), inputs.data(), begins.data(), row_scales_.data(), sums_.data(), kHighRows,
                            kDepth, multiplies_by_twos() && by_twos},
                           {0, kHighRows}, quantized(), kTokens, epilogue(), out(), scratch_.data());
    });
    return time / static_cast<double>(4 * inputs.size());
  }
  // Of one of a pair's two multiplications; of four in eleven pairs.
  double pairs() {
    static_assert(kDepth / 2 <= kPairBlock);
    const Groups pairs(kDepth / 2, kPairBlock, 4, 11);
    const std::vector<int32_t> values(pairs.places.size(), 0x00030003);
    const double time = watch_.shortest([&] {
      multiply_pairs({false, values.data(), pairs.places.data(), pairs.begins.data(), row_scales_.data(), sums_.data(),
                      kRows, kDepth},
                     kAll, quantized(), kTokens, epilogue(), out(), scratch_.data());
    });
    return time / static_cast<double>(2 * pairs.places.size());
  }

 private:
  static constexpr RowRange kAll{0, kRows};
  static constexpr size_t kStride = padded_stride(kTokens);
  [[nodiscard]] Epilogue epilogue() const {
    Epilogue epilogue;
    epilogue.bias = bias_.data();
    return epilogue;
  }
  Activations out() { return {out_.data(), kStride}; }
  QuantizedActivations quantized() { return {bytes_.data(), token_scales_.data(), zero_points_.data(), true}; }
  [[nodiscard]] Int8Weights int8_weights() const {
    // The values are all the same, so they lie in groups as well.
    return {int8_.data(), row_scales_.data(), sums_.data(), kDepth, kRows, true};
  }

  Stopwatch watch_;
  Numbers<float> x_{kDepth * kStride, 0.5F};
  Numbers<float> out_{kHighRows * kStride, 0};
  Numbers<float> bias_{kHighRows, 0.0F};
  Numbers<float> scratch_{std::max({dense_scratch(kDepth), kSparseScratch, kPairScratch, kByteBlockScratch}), 0};
  Numbers<uint8_t> bytes_{quantized_bytes(kDepth, kTokens), 100};
  Numbers<float> token_scales_{kStride, 0.01F};
  Numbers<int32_t> zero_points_{kStride, 128};
  Numbers<int8_t> int8_{kRows * kDepth, 3};
  Numbers<float> row_scales_{kHighRows, 0.01F};
  Numbers<int32_t> sums_{kHighRows, 0};
};

constexpr double kMultiplications = kRows * kDepth;  // of a dense product, each with every token

// The shortest time seen of each product, as Piece gives them.
struct Times {
  static constexpr double kNone = std::numeric_limits<double>::infinity();
  double dense = kNone, float16 = kNone, sparse = kNone, blocks = kNone;
  double int8 = kNone, int8_by_twos = kNone, offset_int8 = kNone, offset_int8_by_twos = kNone;
  double quads = kNone, pairs = kNone, int8_blocks = kNone;
};
void keep(double& shortest, double time) { shortest = std::min(shortest, time); }

void take_dense_int8(Piece& piece, Times& times) {
  keep(times.int8, piece.dense_int8(false));
  if (!multiplies_by_twos()) return;
  keep(times.offset_int8, piece.offset_int8(false));
  keep(times.offset_int8_by_twos, piece.offset_int8(true));
  if (!offset_weights()) keep(times.int8_by_twos, piece.dense_int8(true));
}

// Decides between the dense products of int8; returns the time of the one chosen.
double choose_dense_int8(const Times& times, KernelCosts& costs) {
  if (!multiplies_by_twos()) return times.int8;
  const bool offset = offset_weights();
  const double by_fours = kFourBytes * (offset ? times.offset_int8 : times.int8);
  const double by_twos = offset ? times.offset_int8_by_twos : times.int8_by_twos;
  costs.by_twos = by_twos < by_fours;
  const double of_bytes = std::min(by_fours, by_twos);
  costs.offset_int8 = of_bytes < times.int8;
  return offset ? std::min(of_bytes, times.int8) : of_bytes;
}

void take_round(Piece& piece, FormatChoice choice, Times& times, KernelCosts& costs) {
  if (choice == FormatChoice::kDenseInt8) {
    take_dense_int8(piece, times);
    choose_dense_int8(times, costs);
    return;
  }
  keep(times.dense, piece.dense());
  const double unit = times.dense / kMultiplications;
  if (!(unit > 0)) return;
  if (choice == FormatChoice::kFloat) {
    keep(times.float16, piece.float16());
    keep(times.sparse, piece.sparse());
    keep(times.blocks, piece.blocks());
    costs.float16 = times.float16 / kMultiplications / unit;
    costs.sparse = times.sparse / unit;
    costs.blocks4x1 = times.blocks / unit;
    return;
  }
  take_dense_int8(piece, times);
  costs.int8 = choose_dense_int8(times, costs) / kMultiplications / unit;
  keep(times.pairs, piece.pairs());
  keep(times.quads, piece.quads(costs.by_twos));
  keep(times.int8_blocks, piece.int8_blocks(costs.by_twos));
  costs.sparse_pairs = times.pairs / unit;
  costs.sparse_quads = times.quads / unit;
  costs.int8_blocks = times.int8_blocks / unit;
}

}  // namespace

void measure_kernel_costs(double (*now)(), FormatChoice choice, KernelCosts& costs, double first_calls) {
  Piece piece(now);
  if (!piece.is_whole()) return;
  Times times;
  const double start = now();
  take_round(piece, choice, times, costs);
  const double patience = std::min(first_calls * piece.of_all(), kMostPatience);
  while (now() - start < patience) take_round(piece, choice, times, costs);
}

KernelCosts measure_kernel_costs(double (*now)(), double first_calls) {
  KernelCosts costs;
  for (const FormatChoice choice : {FormatChoice::kFloat, FormatChoice::kInt8}) {
    measure_kernel_costs(now, choice, costs, first_calls);
  }
  return costs;
}

KernelRates measure_kernel_rates(double (*now)()) {
  constexpr double kDone = kMultiplications * kTokens;
  KernelRates rates;
  Piece piece(now);
  if (!piece.is_whole()) return rates;
  for (int i = 0; i < 20; ++i) {
    const double dense = piece.dense();
    double int8 = std::min({piece.dense_int8(false), piece.offset_int8(false), piece.offset_int8(true)});
    if (multiplies_by_twos()) int8 = std::min(int8, piece.dense_int8(true));
    if (dense > 0) rates.float32 = std::max(rates.float32, kDone / dense);
    if (int8 > 0) rates.int8 = std::max(rates.int8, kDone / int8);
  }
  return rates;
}

}  // namespace coppice::engine
