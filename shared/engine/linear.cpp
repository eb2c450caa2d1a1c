#include "shared/engine/linear.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "shared/base/half.h"
#include "shared/engine/block_quads.h"
#include "shared/engine/row_order.h"
#include "shared/engine/sparse_quads.h"

namespace coppice::engine {
namespace {

constexpr size_t kCacheLine = 64;

Status no_memory(const std::string& name, size_t bytes) {
  return failed("tensor " + name + ": no memory for " + std::to_string(bytes) +
                " bytes of packed weights; close other programs or take a smaller model");
}

}  // namespace

std::string_view name_of(LinearFormat format) {
  switch (format) {
    case LinearFormat::kFloat32:
      return "dense float32";
    case LinearFormat::kFloat16:
      return "dense float16";
    case LinearFormat::kSparse:
      return "sparse float32";
    case LinearFormat::kBlocks4x1:
      return "4x1 blocks float32";
    case LinearFormat::kInt8:
      return "dense int8";
    case LinearFormat::kSparseQuads:
      return "1x4 blocks int8";
    case LinearFormat::kInt8Blocks:
      return "4x1 blocks int8";
    case LinearFormat::kSparsePairs:
      return "pairs int8";
  }
  return "";
}

AlignedBytes::AlignedBytes(size_t size) : size_(size) {
  if (size == 0) return;
  data_.reset(static_cast<std::byte*>(::operator new(size, std::align_val_t(kCacheLine), std::nothrow)));
  if (data_ == nullptr) {
    size_ = 0;
  } else {
    std::memset(data_.get(), 0, size);
  }
}

AlignedBytes AlignedBytes::within(std::byte* data, size_t size) {
  AlignedBytes bytes;
  bytes.data_ = std::unique_ptr<std::byte, Release>(data, Release{false});
  bytes.size_ = size;
  return bytes;
}

void AlignedBytes::Release::operator()(std::byte* data) const {
  if (owned) ::operator delete(data, std::align_val_t(kCacheLine));
}

AlignedBytes TensorHome::take(size_t bytes, size_t alignment) {
  const size_t skipped = (alignment - reinterpret_cast<uintptr_t>(data) % alignment) % alignment;
  if (data == nullptr || bytes > size || skipped > size - bytes) return AlignedBytes(bytes);
  std::byte* piece = data + skipped;
  data = piece + bytes;
  size -= skipped + bytes;
  return AlignedBytes::within(piece, bytes);
}

// Counts the zeros of a matrix, chooses, and fills one Linear.
class Packer {
 public:
  Packer(const std::string& name, Linear& out, const CostsFor& costs_for, TensorHome home)
      : name_(name), out_(out), costs_for_(costs_for), home_(home) {}

  Status pack_float(std::vector<float> values, const TensorView& weight) {
    values_ = std::move(values);
    const auto elements = static_cast<double>(values_.size());
    const int64_t single = count_blocks(1, 1);
    const int64_t blocks = count_blocks(4, 1);
    // Half as many bytes to hold, where the file has no more.
    const bool half = weight.dtype == DType::kF16;
    // Small matrices are of no weight in time, and a sparse one must not take more memory than the file.
    const double file_bytes = elements * static_cast<double>(size_of(weight.dtype));
    const bool sparse_fits = static_cast<double>(single) * 5 <= file_bytes;
    const bool blocks_fit = static_cast<double>(blocks) * 17 <= file_bytes;
    if (sparse_fits || blocks_fit) {
      const KernelCosts& costs = costs_for_(FormatChoice::kFloat);
      const double dense_cost = elements * (half ? costs.float16 : 1);
      const double sparse_cost = static_cast<double>(single) * costs.sparse;
      const double blocks_cost = static_cast<double>(blocks) * 4 * costs.blocks4x1;
      if (blocks_fit && blocks_cost < dense_cost && blocks_cost <= sparse_cost) return fill_blocks(blocks);
      if (sparse_fits && sparse_cost < dense_cost) return fill_sparse(single);
    }
    out_.done_ = static_cast<int64_t>(values_.size());
    if (half) {
      out_.format_ = LinearFormat::kFloat16;
      COPPICE_RETURN_IF_ERROR(place(out_.values_, weight.bytes.size(), alignof(uint16_t)));
      std::memmove(out_.values_.as<std::byte>(), weight.bytes.data(), weight.bytes.size());
    } else {
      out_.format_ = LinearFormat::kFloat32;
      COPPICE_RETURN_IF_ERROR(place(out_.values_, values_.size() * sizeof(float), alignof(float)));
      std::copy(values_.begin(), values_.end(), out_.values_.as<float>());
    }
    return {};
  }

  Status pack_int8(const TensorView& weight) {
    const auto* values = reinterpret_cast<const int8_t*>(weight.bytes.data());
    const size_t rows = out_.outputs_;
    const size_t depth = out_.inputs_;
    COPPICE_RETURN_IF_ERROR(reserve(out_.scales_, rows * sizeof(float)));
    COPPICE_RETURN_IF_ERROR(reserve(out_.sums_, rows * sizeof(int32_t)));
    std::memcpy(out_.scales_.as<std::byte>(), weight.row_scales.data(), rows * sizeof(float));
    out_.seven_bits_ = true;
    const size_t quads = kernels::padded_depth(depth) / 4;
    int64_t kept = 0;
    int64_t kept_pairs = 0;
    size_t zeros = 0;
    for (size_t row = 0; row < rows; ++row) {
      int32_t sum = 0;
      for (size_t k = 0; k < depth; ++k) {
        const int8_t value = values[row * depth + k];
        sum += value;
        zeros += value == 0 ? 1 : 0;
        out_.seven_bits_ = out_.seven_bits_ && value >= -64 && value <= 64;
      }
      out_.sums_.as<int32_t>()[row] = sum;
      for (size_t quad = 0; quad < quads; ++quad) {
        const int pairs = (pair_of(values + row * depth, quad, 0) != 0) + (pair_of(values + row * depth, quad, 1) != 0);
        kept_pairs += pairs;
        kept += pairs > 0 ? 1 : 0;
      }
    }
    // In quads.
    const auto all = static_cast<double>(rows * quads);
    out_.by_pairs_ = !kernels::multiplies_bytes(out_.seven_bits_);
    // To count them costs as much as all else of loading, and a matrix without zeros has nothing to find.
    const bool may_have_blocks = !out_.by_pairs_ && zeros * 3 >= rows * depth;
    const size_t blocks = may_have_blocks ? count_block_quads({values, rows * depth}, rows, depth) : 0;
    const bool quads_fit = static_cast<double>(kept) * (out_.by_pairs_ ? 9 : 5) <= all * 4;
    const bool pairs_fit = static_cast<double>(kept_pairs) * 5 <= all * 4;
    const bool blocks_fit = may_have_blocks && static_cast<double>(blocks) * 24 <= all * 4;
    if (quads_fit || pairs_fit || blocks_fit) {
      const KernelCosts& costs = costs_for_(FormatChoice::kInt8);
      const double quads_cost = static_cast<double>(kept) * costs.sparse_quads;
      const double pairs_cost = static_cast<double>(kept_pairs) / 2 * costs.sparse_pairs;
      const double dense_cost = all * costs.int8;
      const double blocks_cost = static_cast<double>(blocks) * 4 * costs.int8_blocks;
      if (blocks_fit && blocks_cost < dense_cost && (!quads_fit || blocks_cost < quads_cost) &&
          (!pairs_fit || blocks_cost < pairs_cost)) {
        out_.by_twos_ = kernels::multiplies_by_twos() && costs.by_twos;
        return fill_int8_blocks(values);
      }
      if (pairs_fit && pairs_cost < dense_cost && (!quads_fit || pairs_cost < quads_cost)) {
        return fill_pairs(values, kept_pairs, false);
      }
      if (quads_fit && quads_cost < dense_cost) {
        out_.paired_ = out_.seven_bits_ && kernels::pairs_quads(costs.by_twos);
        return out_.by_pairs_ ? fill_pairs(values, kept, true) : fill_quads(values);
      }
    }
    out_.format_ = LinearFormat::kInt8;
    out_.done_ = static_cast<int64_t>(rows * depth);
    if (quads * 4 == depth) {
      COPPICE_RETURN_IF_ERROR(place(out_.values_, rows * depth, alignof(int8_t)));
      std::memmove(out_.values_.as<int8_t>(), values, rows * depth);
    } else {
      COPPICE_RETURN_IF_ERROR(reserve(out_.values_, rows * quads * 4));
      for (size_t row = 0; row < rows; ++row) {
        std::memcpy(out_.values_.as<int8_t>() + row * quads * 4, values + row * depth, depth);
      }
    }
    if (out_.seven_bits_ && kernels::multiplies_by_twos()) {
      const KernelCosts& costs = costs_for_(FormatChoice::kDenseInt8);
      out_.by_twos_ = costs.by_twos;
      if (kernels::offset_weights() && costs.offset_int8) {
        out_.by_pairs_ = false;
        COPPICE_RETURN_IF_ERROR(offset(quads * 4));
      }
    }
    put_together(quads * 4);
    return {};
  }

 private:
  Status reserve(AlignedBytes& bytes, size_t size) {
    bytes = AlignedBytes(std::max<size_t>(size, 1));
    return bytes.size() == 0 ? no_memory(name_, size) : Status();
  }
  // The form that kernels::Int8Weights states for it.
  Status offset(size_t depth) {
    auto* values = out_.values_.as<int8_t>();
    const size_t count = out_.outputs_ * depth;
    const auto high = static_cast<size_t>(std::count(values, values + count, int8_t{64}));
    COPPICE_RETURN_IF_ERROR(reserve(out_.begins_, (out_.outputs_ + 1) * sizeof(uint32_t)));
    COPPICE_RETURN_IF_ERROR(reserve(out_.indices_, high * sizeof(uint16_t)));
    uint32_t at = 0;
    for (size_t i = 0; i < count; ++i) {
      if (i % depth == 0) out_.begins_.as<uint32_t>()[i / depth] = at;
      if (values[i] == 64) out_.indices_.as<uint16_t>()[at++] = static_cast<uint16_t>(i % depth);
      values[i] = static_cast<int8_t>(std::min(values[i] + 64, 127));
    }
    out_.begins_.as<uint32_t>()[out_.outputs_] = at;
    return {};
  }
  // As kernels::Int8Weights::together has them.
  void put_together(size_t depth) {
    const size_t count = kernels::int8_rows_together();
    if (count == 1) return;
    std::vector<int8_t> group(count * depth);
    for (; out_.together_ + count <= out_.outputs_; out_.together_ += count) {
      int8_t* rows = out_.values_.as<int8_t>() + out_.together_ * depth;
      for (size_t i = 0; i < group.size(); ++i) {
        const size_t quad = i / 4 / count;
        const size_t row = i / 4 % count;
        group[i] = rows[row * depth + quad * 4 + i % 4];
      }
      std::copy(group.begin(), group.end(), rows);
    }
  }
  // Over the tensor's own bytes where they have room, which thereby are lost.
  Status place(AlignedBytes& bytes, size_t size, size_t alignment) {
    bytes = home_.take(std::max<size_t>(size, 1), alignment);
    return bytes.size() == 0 ? no_memory(name_, size) : Status();
  }

  // Blocks of so many outputs and inputs that hold a value other than 0.
  int64_t count_blocks(size_t outputs, size_t inputs) const {
    int64_t count = 0;
    for (size_t row = 0; row < out_.outputs_; row += outputs) {
      for (size_t k = 0; k < out_.inputs_; k += inputs) count += is_zero_block(row, k, outputs, inputs) ? 0 : 1;
    }
    return count;
  }
  bool is_zero_block(size_t row, size_t k, size_t outputs, size_t inputs) const {
    for (size_t r = row; r < std::min(row + outputs, out_.outputs_); ++r) {
      for (size_t i = k; i < std::min(k + inputs, out_.inputs_); ++i) {
        if (values_[r * out_.inputs_ + i] != 0) return false;
      }
    }
    return true;
  }
  bool is_zero(const int8_t* row, size_t quad) const {
    return pair_of(row, quad, 0) == 0 && pair_of(row, quad, 1) == 0;
  }
  // As kernels::SparsePairs has them; 0 after the last input.
  int32_t pair_of(const int8_t* row, size_t quad, size_t half) const {
    const auto word = [&](size_t k) -> uint32_t {
      return k < out_.inputs_ ? static_cast<uint16_t>(static_cast<int16_t>(row[k])) : 0U;
    };
    return static_cast<int32_t>(word(4 * quad + half) | word(4 * quad + half + 2) << 16);
  }

  Status fill_sparse(int64_t count) { return fill_groups(LinearFormat::kSparse, 1, count); }
  Status fill_blocks(int64_t count) { return fill_groups(LinearFormat::kBlocks4x1, 4, count); }

  // Entries of `group` outputs and one input, in the order of kernels::SparseRows.
  Status fill_groups(LinearFormat format, size_t group, int64_t count) {
    out_.format_ = format;
    out_.done_ = count * static_cast<int64_t>(group);
    const size_t groups = (out_.outputs_ + group - 1) / group;
    const size_t blocks = (out_.inputs_ + kernels::kSparseDepth - 1) / kernels::kSparseDepth;
    const auto entries = static_cast<size_t>(count);
    COPPICE_RETURN_IF_ERROR(place(out_.values_, entries * group * sizeof(float), alignof(float)));
    COPPICE_RETURN_IF_ERROR(place(out_.begins_, (blocks * groups + 1) * sizeof(uint32_t), alignof(uint32_t)));
    COPPICE_RETURN_IF_ERROR(place(out_.indices_, entries, alignof(uint8_t)));
    const bool ordered = group == 1 && kernels::orders_rows();
    if (ordered) COPPICE_RETURN_IF_ERROR(reserve(out_.order_, blocks * groups));
    auto* value = out_.values_.as<float>();
    auto* index = out_.indices_.as<uint8_t>();
    auto* begin = out_.begins_.as<uint32_t>();
    uint32_t at = 0;
    for (size_t block = 0; block < blocks; ++block) {
      const size_t first = block * kernels::kSparseDepth;
      const size_t end = std::min(first + kernels::kSparseDepth, out_.inputs_);
      uint8_t* order = ordered ? out_.order_.as<uint8_t>() + block * groups : nullptr;
      if (ordered) {
        std::vector<size_t> entries_of(groups);
        for (size_t row = 0; row < groups; ++row) {
          for (size_t k = first; k < end; ++k) entries_of[row] += is_zero_block(row, k, 1, 1) ? 0 : 1;
        }
        order_rows(entries_of, order);
      }
      for (size_t place = 0; place < groups; ++place) {
        const size_t row = ordered ? kernels::row_at(order, place) : place * group;
        *begin++ = at;
        for (size_t k = first; k < end; ++k) {
          if (is_zero_block(row, k, group, 1)) continue;
          index[at] = static_cast<uint8_t>(k - first);
          for (size_t r = 0; r < group; ++r) {
            value[at * group + r] = row + r < out_.outputs_ ? values_[(row + r) * out_.inputs_ + k] : 0;
          }
          ++at;
        }
      }
    }
    *begin = at;
    return {};
  }
  // What is about to be written over.
  std::vector<int8_t> copy_of(const int8_t* values) const {
    return {values, values + (home_.data == nullptr ? 0 : out_.outputs_ * out_.inputs_)};
  }

  // Entries as kernels::SparsePairs has them: pairs, or whole quads.
  Status fill_pairs(const int8_t* values, int64_t count, bool whole_quads) {
    const size_t taken = whole_quads ? 2 : 1;
    out_.format_ = whole_quads ? LinearFormat::kSparseQuads : LinearFormat::kSparsePairs;
    out_.done_ = count * 2 * static_cast<int64_t>(taken);
    const auto entries = static_cast<size_t>(count);
    const std::vector<int8_t> copy = copy_of(values);
    if (!copy.empty()) values = copy.data();
    const size_t blocks = kernels::pair_blocks(out_.inputs_);
    COPPICE_RETURN_IF_ERROR(place(out_.values_, entries * taken * sizeof(int32_t), alignof(int32_t)));
    COPPICE_RETURN_IF_ERROR(place(out_.begins_, (out_.outputs_ * blocks + 1) * sizeof(uint32_t), alignof(uint32_t)));
    COPPICE_RETURN_IF_ERROR(place(out_.indices_, entries, alignof(uint8_t)));
    auto* begin = out_.begins_.as<uint32_t>();
    uint32_t at = 0;
    for (size_t block = 0; block < blocks; ++block) {
      const size_t first = block * kernels::kPairBlock;
      const size_t end = std::min(first + kernels::kPairBlock, kernels::padded_depth(out_.inputs_) / 2);
      for (size_t row = 0; row < out_.outputs_; ++row) {
        *begin++ = at;
        const int8_t* from = values + row * out_.inputs_;
        for (size_t pair = first; pair < end; pair += taken) {
          if (whole_quads ? is_zero(from, pair / 2) : pair_of(from, pair / 2, pair % 2) == 0) continue;
          for (size_t i = 0; i < taken; ++i) {
            out_.values_.as<int32_t>()[at * taken + i] = pair_of(from, pair / 2, (pair + i) % 2);
          }
          out_.indices_.as<uint8_t>()[at] = static_cast<uint8_t>((pair - first) / taken);
          ++at;
        }
      }
    }
    *begin = at;
    return {};
  }

  Status fill_int8_blocks(const int8_t* values) {
    const BlockQuads quads = find_block_quads({values, out_.outputs_ * out_.inputs_}, out_.outputs_, out_.inputs_);
    out_.format_ = LinearFormat::kInt8Blocks;
    out_.done_ = static_cast<int64_t>(quads.values.size());
    COPPICE_RETURN_IF_ERROR(place(out_.values_, quads.values.size(), alignof(int8_t)));
    COPPICE_RETURN_IF_ERROR(place(out_.begins_, quads.begins.size() * sizeof(uint32_t), alignof(uint32_t)));
    COPPICE_RETURN_IF_ERROR(place(out_.indices_, quads.inputs.size() * sizeof(uint16_t), alignof(uint16_t)));
    std::copy(quads.values.begin(), quads.values.end(), out_.values_.as<int8_t>());
    std::copy(quads.begins.begin(), quads.begins.end(), out_.begins_.as<uint32_t>());
    std::copy(quads.inputs.begin(), quads.inputs.end(), out_.indices_.as<uint16_t>());
    return {};
  }

  Status fill_quads(const int8_t* values) {
    std::vector<SparseQuad> quads;
    std::vector<uint32_t> begins;
    const size_t blocks = (out_.inputs_ + kernels::quad_block() - 1) / kernels::quad_block();
    const bool ordered = kernels::orders_rows();
    if (ordered) COPPICE_RETURN_IF_ERROR(reserve(out_.order_, blocks * out_.outputs_));
    std::vector<std::vector<SparseQuad>> found(out_.outputs_);
    for (size_t block = 0; block < blocks; ++block) {
      for (size_t row = 0; row < out_.outputs_; ++row) {
        const std::span<const int8_t> weights(values + row * out_.inputs_, out_.inputs_);
        found[row] = find_quads(weights, block * kernels::quad_block(), kernels::quad_block());
        if (out_.paired_) found[row] = paired(found[row]);
      }
      uint8_t* order = ordered ? out_.order_.as<uint8_t>() + block * out_.outputs_ : nullptr;
      if (ordered) {
        std::vector<size_t> entries_of(out_.outputs_);
        for (size_t row = 0; row < out_.outputs_; ++row) entries_of[row] = found[row].size();
        order_rows(entries_of, order);
      }
      for (size_t place = 0; place < out_.outputs_; ++place) {
        const std::vector<SparseQuad>& taken = found[kernels::row_at(order, place)];
        begins.push_back(static_cast<uint32_t>(quads.size()));
        quads.insert(quads.end(), taken.begin(), taken.end());
      }
    }
    begins.push_back(static_cast<uint32_t>(quads.size()));
    out_.format_ = LinearFormat::kSparseQuads;
    out_.done_ = static_cast<int64_t>(quads.size()) * 4;
    const size_t entries = quads.size();
    COPPICE_RETURN_IF_ERROR(place(out_.values_, entries * 4, alignof(int8_t)));
    COPPICE_RETURN_IF_ERROR(place(out_.begins_, begins.size() * sizeof(uint32_t), alignof(uint32_t)));
    COPPICE_RETURN_IF_ERROR(place(out_.indices_, entries, alignof(uint8_t)));
    for (size_t i = 0; i < entries; ++i) {
      std::copy(quads[i].values.begin(), quads[i].values.end(), out_.values_.as<int8_t>() + 4 * i);
      out_.indices_.as<uint8_t>()[i] = quads[i].place;
    }
    std::copy(begins.begin(), begins.end(), out_.begins_.as<uint32_t>());
    return {};
  }

  const std::string& name_;
  Linear& out_;
  const CostsFor& costs_for_;
  TensorHome home_;
  std::vector<float> values_;
};

Result<Linear> Linear::pack(const std::string& name, const TensorView& weight, const TensorView& bias,
                            const CostsFor& costs_for, bool int8_products, TensorHome home) {
  if (weight.shape.size() != 2 || bias.shape != std::vector<int64_t>{weight.shape[0]} || weight.elements() == 0) {
    return invalid_input("tensor " + name + " is " + shape_text(weight.shape) + " with a bias " +
                         shape_text(bias.shape) + "; expected (out, in) and (out)");
  }
  Linear linear;
  linear.outputs_ = static_cast<size_t>(weight.shape[0]);
  linear.inputs_ = static_cast<size_t>(weight.shape[1]);
  if (linear.inputs_ > kernels::kMostInt8Depth) {
    return unsupported("tensor " + name + " has " + std::to_string(linear.inputs_) +
                       " inputs; the engine takes up to " + std::to_string(kernels::kMostInt8Depth));
  }
  COPPICE_ASSIGN_OR_RETURN(const std::vector<float> bias_values, to_floats(bias, name + " (bias)"));
  linear.bias_ = AlignedBytes(bias_values.size() * sizeof(float));
  if (linear.bias_.size() == 0) return no_memory(name, bias_values.size() * sizeof(float));
  std::copy(bias_values.begin(), bias_values.end(), linear.bias_.as<float>());

  Packer packer(name, linear, costs_for, home);
  if (weight.dtype == DType::kI8 && int8_products && !weight.row_scales.empty()) {
    COPPICE_RETURN_IF_ERROR(packer.pack_int8(weight));
    return linear;
  }
  COPPICE_ASSIGN_OR_RETURN(std::vector<float> values, to_floats(weight, name));
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    return invalid_input("tensor " + name +
                         " holds a value that is not finite; the training diverged. Take an earlier "
                         "checkpoint.");
  }
  COPPICE_RETURN_IF_ERROR(packer.pack_float(std::move(values), weight));
  return linear;
}

size_t Linear::scratch_floats() const {
  if (format_ == LinearFormat::kFloat16) return kernels::dense_scratch(inputs_);
  if (by_pairs_ || format_ == LinearFormat::kSparsePairs) return kernels::kPairScratch;
  if (format_ == LinearFormat::kInt8Blocks) return kernels::kByteBlockScratch;
  return format_ == LinearFormat::kSparse || format_ == LinearFormat::kBlocks4x1 ? kernels::kSparseScratch : 0;
}

size_t Linear::bytes() const {
  return bias_.size() + values_.size() + indices_.size() + begins_.size() + order_.size() + scales_.size() +
         sums_.size();
}

void Linear::multiply(kernels::RowRange rows, const LinearInput& x, size_t tokens, kernels::Epilogue epilogue,
                      kernels::Activations out, float* scratch) const {
  epilogue.bias = bias_.as<float>();
  switch (format_) {
    case LinearFormat::kFloat32:
      return kernels::multiply_float32(values_.as<float>(), inputs_, rows, x.values, tokens, epilogue, out);
    case LinearFormat::kFloat16:
      return kernels::multiply_float16(values_.as<uint16_t>(), inputs_, rows, x.values, tokens, epilogue, out, scratch);
    case LinearFormat::kSparse:
      return kernels::multiply_sparse({values_.as<float>(), indices_.as<uint8_t>(), begins_.as<uint32_t>(), outputs_,
                                       inputs_, order_.as<uint8_t>()},
                                      rows, x.values, tokens, epilogue, out, scratch);
    case LinearFormat::kBlocks4x1:
      return kernels::multiply_blocks(
          {values_.as<float>(), indices_.as<uint8_t>(), begins_.as<uint32_t>(), outputs_, inputs_}, rows, x.values,
          tokens, epilogue, out, scratch);
    case LinearFormat::kInt8: {
      const kernels::Int8Weights weights{
          values_.as<int8_t>(), scales_.as<float>(),     sums_.as<int32_t>(),    inputs_, together_,
          seven_bits_,          indices_.as<uint16_t>(), begins_.as<uint32_t>(), by_twos_};
      if (by_pairs_) {
        return kernels::multiply_int8_pairs(weights, rows, x.quantized, tokens, epilogue, out, scratch);
      }
      return kernels::multiply_int8(weights, rows, x.quantized, tokens, epilogue, out);
    }
    case LinearFormat::kInt8Blocks:
      return kernels::multiply_int8_blocks({values_.as<int8_t>(), indices_.as<uint16_t>(), begins_.as<uint32_t>(),
                                            scales_.as<float>(), sums_.as<int32_t>(), outputs_, inputs_, by_twos_},
                                           rows, x.quantized, tokens, epilogue, out, scratch);
    case LinearFormat::kSparsePairs:
    case LinearFormat::kSparseQuads:
      if (format_ == LinearFormat::kSparseQuads && !by_pairs_) {
        return kernels::multiply_quads(
            {values_.as<int8_t>(), indices_.as<uint8_t>(), begins_.as<uint32_t>(), scales_.as<float>(),
             sums_.as<int32_t>(), outputs_, inputs_, paired_, order_.as<uint8_t>()},
            rows, x.quantized, tokens, epilogue, out);
      }
      return kernels::multiply_pairs(
          {format_ == LinearFormat::kSparseQuads, values_.as<int32_t>(), indices_.as<uint8_t>(), begins_.as<uint32_t>(),
           scales_.as<float>(), sums_.as<int32_t>(), outputs_, inputs_},
          rows, x.quantized, tokens, epilogue, out, scratch);
  }
}

}  // namespace coppice::engine
