// One Linear layer of the engine: its weights packed in the format that costs least, and the product with activations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/engine/kernels/kernels.h"
#include "shared/engine/safetensors.h"

namespace coppice::engine {

enum class LinearFormat {
  kFloat32,      // dense
  kFloat16,      // dense, stored as binary16, computed in float32
  kSparse,       // float32 without zeros
  kBlocks4x1,    // float32 without 4x1 blocks of zeros (four outputs, one input)
  kInt8,         // dense, 8-bit activations
  kSparseQuads,  // int8 without 1x4 blocks of zeros (one output, four inputs)
  kSparsePairs,  // int8 without pairs of zeros (one output, two inputs)
  kInt8Blocks,   // int8 without 4x1 blocks of zeros (four outputs, one input)
};
std::string_view name_of(LinearFormat format);
constexpr bool is_int8(LinearFormat format) {
  return format == LinearFormat::kInt8 || format == LinearFormat::kSparseQuads ||
         format == LinearFormat::kSparsePairs || format == LinearFormat::kInt8Blocks;
}

// What one multiplication costs in each format, relative to a dense one in float32. Of sparse formats: one that is
// done. By them the format of a matrix is chosen; measured on the machine at hand by kernel_costs.h, and here as on one
// with AVX-512 and VNNI.
struct KernelCosts {
  double float16 = 1.04;
  double sparse = 1.8;
  double blocks4x1 = 1.45;
  double int8 = 0.23;
  double sparse_quads = 0.36;
  double sparse_pairs = 0.6;
  double int8_blocks = 0.34;
  bool offset_int8 = true;  // where kernels::offset_weights(): that dense product costs less than the one by pairs
  bool by_twos = false;     // where kernels::multiplies_by_twos(): kernels::Int8Weights::by_twos
};

// What a matrix may have to choose between, and the members of KernelCosts that decide it.
enum class FormatChoice {
  kFloat,      // float16, sparse, blocks4x1
  kInt8,       // int8, sparse_quads, sparse_pairs, int8_blocks, offset_int8, by_twos
  kDenseInt8,  // offset_int8, by_twos
};
// Asked only where a matrix has that choice: costs may be measured then, which takes time that most models need not.
using CostsFor = std::function<const KernelCosts&(FormatChoice choice)>;

// Bytes with the alignment of a cache line; empty where there was no memory. Or a piece of someone else's.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(size_t size);
  // Memory that is not freed here and outlives this. Aligned as what it is used for.
  static AlignedBytes within(std::byte* data, size_t size);
  [[nodiscard]] size_t size() const { return size_; }
  template <typename T>
  [[nodiscard]] T* as() const {
    return reinterpret_cast<T*>(data_.get());
  }

 private:
  struct Release {
    Release() : owned(true) {}
    explicit Release(bool is_owned) : owned(is_owned) {}
    void operator()(std::byte* data) const;
    bool owned;
  };
  std::unique_ptr<std::byte, Release> data_;
  size_t size_ = 0;
};

// Memory of a tensor in its file that may be overwritten once the tensor has been read: where packed weights go that
// fit. A model then takes no more memory than its file, which in a browser never gets smaller again.
struct TensorHome {
  std::byte* data = nullptr;  // null: none
  size_t size = 0;            // the tensor's bytes are the last of it
  // Of `bytes` bytes with that alignment, a power of two, up to a cache line; cut off this. Owned where it does not
  // fit.
  AlignedBytes take(size_t bytes, size_t alignment);
};

// What a product reads: float32 activations, and the same in 8 bits where a format asks for them.
struct LinearInput {
  kernels::ConstActivations values;
  kernels::QuantizedActivations quantized;
};

class Linear {
 public:
  // weight: (out, in) of F32, F16, BF16, F64, or I8 with row scales; bias: (out). An I8 weight stays int8, where
  // `int8_products` is set; else it is computed as float32 of its values. Refused: values that are not finite, more
  // inputs than kernels::kMostInt8Depth, other types, too little memory. home: of `weight`, which then must not be read
  // again.
  static Result<Linear> pack(const std::string& name, const TensorView& weight, const TensorView& bias,
                             const CostsFor& costs_for, bool int8_products, TensorHome home = {});

  // Outputs rows.begin to rows.end of x. `epilogue.bias` is filled in here. scratch: scratch_floats() floats.
  void multiply(kernels::RowRange rows, const LinearInput& x, size_t tokens, kernels::Epilogue epilogue,
                kernels::Activations out, float* scratch) const;

  [[nodiscard]] LinearFormat format() const { return format_; }
  [[nodiscard]] size_t outputs() const { return outputs_; }
  [[nodiscard]] size_t inputs() const { return inputs_; }
  // Whether Epilogue::range costs less than kernels::find_range: where all vectors of a row are stored together.
  [[nodiscard]] bool notes_range() const {
    return format_ == LinearFormat::kSparseQuads || format_ == LinearFormat::kSparsePairs ||
           format_ == LinearFormat::kInt8Blocks;
  }
  // Rows that are not shared out among threads.
  [[nodiscard]] size_t rows_together() const { return order_.size() > 0 ? kernels::kRowWindow : kRowsTogether; }
  [[nodiscard]] size_t scratch_floats() const;
  [[nodiscard]] size_t bytes() const;  // of memory held
  // Multiplications for one token: of a full matrix, and those done.
  [[nodiscard]] int64_t multiplications() const { return static_cast<int64_t>(outputs_ * inputs_); }
  [[nodiscard]] int64_t multiplications_done() const { return done_; }

 private:
  static constexpr size_t kRowsTogether = 12;  // a multiple of what kernels compute together (6 dense, 4 in blocks)
  static_assert(kernels::kRowWindow % kRowsTogether == 0);
  friend class Packer;
  LinearFormat format_ = LinearFormat::kFloat32;
  size_t outputs_ = 0;
  size_t inputs_ = 0;
  int64_t done_ = 0;
  bool seven_bits_ = false;
  bool by_pairs_ = false;  // dense int8 and quads: by products of 16 bits
  bool by_twos_ = false;
  bool paired_ = false;   // of quads: as kernels::SparseQuads::paired
  size_t together_ = 0;   // rows of dense int8 that lie in groups
  AlignedBytes bias_;     // float (out)
  AlignedBytes values_;   // by format
  AlignedBytes indices_;  // sparse formats: uint8_t, kInt8Blocks: uint16_t; dense int8: high_inputs, where offset
  AlignedBytes begins_;   // sparse formats: uint32_t; dense int8: high_begins, where offset
  AlignedBytes order_;    // kSparse, kSparseQuads: uint8_t, where kernels::orders_rows()
  AlignedBytes scales_;   // int8: float (out)
  AlignedBytes sums_;     // int8: int32_t (out)
};

}  // namespace coppice::engine
