#include "native/model/ops.h"

#include <torch/torch.h>

#include <cmath>

namespace coppice::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// One stateless 32-bit hash per element (two rounds of the "lowbias32" mixer, C. Wellons 2018, with a key between).
// Compiled for several instruction sets, since this inner loop decides whether dropout is free.
#define COPPICE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))

inline uint32_t mix(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  return x ^ x >> 16;
}

COPPICE_CLONES void masked_scale(const float* x, float* out, int64_t begin, int64_t end, uint64_t key,
                                 uint32_t threshold, float scale) {
  const auto low = static_cast<uint32_t>(key);
  const auto high = static_cast<uint32_t>(key >> 32);
  for (int64_t i = begin; i < end; ++i) {
    const uint32_t r = mix(mix(static_cast<uint32_t>(i) ^ low) + high);
    out[i] = r >= threshold ? x[i] * scale : 0.0F;
  }
}

COPPICE_CLONES void masked_scale_add(const float* x, const float* residual, float* out, int64_t begin, int64_t end,
                                     uint64_t key, uint32_t threshold, float scale) {
  const auto low = static_cast<uint32_t>(key);
  const auto high = static_cast<uint32_t>(key >> 32);
  for (int64_t i = begin; i < end; ++i) {
    const uint32_t r = mix(mix(static_cast<uint32_t>(i) ^ low) + high);
    out[i] = residual[i] + (r >= threshold ? x[i] * scale : 0.0F);
  }
}

constexpr int64_t kGrain = 1 << 15;

uint32_t threshold_of(double probability) { return static_cast<uint32_t>(probability * 4294967296.0); }

at::Tensor apply_mask(const at::Tensor& x, Dropout drop) {
  const at::Tensor input = x.contiguous();
  at::Tensor out = at::empty_like(input);
  const float* from = input.data_ptr<float>();
  auto* to = out.data_ptr<float>();
  const auto scale = static_cast<float>(1.0 / (1.0 - drop.probability));
  at::parallel_for(0, input.numel(), kGrain, [&](int64_t begin, int64_t end) {
    masked_scale(from, to, begin, end, drop.key, threshold_of(drop.probability), scale);
  });
  return out;
}

// Keys travel through autograd as int64.
Dropout saved_dropout(AutogradContext* ctx) {
  return {ctx->saved_data["probability"].toDouble(), static_cast<uint64_t>(ctx->saved_data["key"].toInt())};
}
void save_dropout(AutogradContext* ctx, Dropout drop) {
  ctx->saved_data["probability"] = drop.probability;
  ctx->saved_data["key"] = static_cast<int64_t>(drop.key);
}

struct DropoutFunction : torch::autograd::Function<DropoutFunction> {
  static Variable forward(AutogradContext* ctx, const Variable& x, double probability, int64_t key) {
    const Dropout drop{probability, static_cast<uint64_t>(key)};
    save_dropout(ctx, drop);
    return apply_mask(x, drop);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    return {apply_mask(grads[0], saved_dropout(ctx)), Variable(), Variable()};
  }
};

struct DropoutAddFunction : torch::autograd::Function<DropoutAddFunction> {
  static Variable forward(AutogradContext* ctx, const Variable& x, const Variable& residual, double probability,
                          int64_t key) {
    const Dropout drop{probability, static_cast<uint64_t>(key)};
    save_dropout(ctx, drop);
    const at::Tensor input = x.contiguous();
    const at::Tensor base = residual.contiguous();
    at::Tensor out = at::empty_like(input);
    const float* from = input.data_ptr<float>();
    const float* add = base.data_ptr<float>();
    auto* to = out.data_ptr<float>();
    const auto scale = static_cast<float>(1.0 / (1.0 - probability));
    at::parallel_for(0, input.numel(), kGrain, [&](int64_t begin, int64_t end) {
      masked_scale_add(from, add, to, begin, end, drop.key, threshold_of(probability), scale);
    });
    return out;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    return {apply_mask(grads[0], saved_dropout(ctx)), grads[0], Variable(), Variable()};
  }
};

// One review's rows as (heads, T, d) without copying.
at::Tensor heads_of(const at::Tensor& rows, int64_t begin, int64_t end, int64_t num_heads) {
  const int64_t head_size = rows.size(1) / num_heads;
  return rows.narrow(0, begin, end - begin).view({end - begin, num_heads, head_size}).transpose(0, 1);
}

// The same copied together: BLAS multiplies strided heads at a third of the speed.
at::Tensor packed_heads(const at::Tensor& rows, int64_t begin, int64_t end, int64_t num_heads) {
  return heads_of(rows, begin, end, num_heads).contiguous();
}

// Each review draws its own mask, from the site's key and its index.
Dropout dropout_of_review(Dropout drop, size_t review) {
  return {drop.probability, dropout_key(drop.key, review, 0, 0)};
}

at::Tensor attention_probabilities(const at::Tensor& q, const at::Tensor& k) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(2)));
  return at::softmax(at::bmm(q, k.transpose(1, 2)).to(at::kFloat).mul_(scale), -1);
}

struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
  static Variable forward(AutogradContext* ctx, const Variable& q, const Variable& k, const Variable& v,
                          const std::vector<int64_t>& q_offsets, const std::vector<int64_t>& kv_offsets,
                          int64_t num_heads, double probability, int64_t key) {
    const Dropout drop{probability, static_cast<uint64_t>(key)};
    save_dropout(ctx, drop);
    ctx->save_for_backward({q, k, v});
    ctx->saved_data["q_offsets"] = q_offsets;
    ctx->saved_data["kv_offsets"] = kv_offsets;
    ctx->saved_data["num_heads"] = num_heads;
    at::Tensor out = at::empty_like(q);
    for (size_t b = 0; b + 1 < q_offsets.size(); ++b) {
      const at::Tensor qb = packed_heads(q, q_offsets[b], q_offsets[b + 1], num_heads);
      const at::Tensor kb = packed_heads(k, kv_offsets[b], kv_offsets[b + 1], num_heads);
      const at::Tensor vb = packed_heads(v, kv_offsets[b], kv_offsets[b + 1], num_heads);
      at::Tensor probabilities = attention_probabilities(qb, kb);
      if (probability > 0) probabilities = apply_mask(probabilities, dropout_of_review(drop, b));
      heads_of(out, q_offsets[b], q_offsets[b + 1], num_heads).copy_(at::bmm(probabilities.to(v.scalar_type()), vb));
    }
    return out;
  }

  // With P = softmax(S), D = dropout(P), O = D V:
  //   dV = D^T dO,  dP = dropout'(dO V^T),  dS = P (dP - rowsum(dP P)),  dQ = dS K / sqrt(d),  dK = dS^T Q / sqrt(d)
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const Dropout drop = saved_dropout(ctx);
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor& q = saved[0];
    const at::Tensor& k = saved[1];
    const at::Tensor& v = saved[2];
    const std::vector<int64_t> q_offsets = ctx->saved_data["q_offsets"].toIntVector();
    const std::vector<int64_t> kv_offsets = ctx->saved_data["kv_offsets"].toIntVector();
    const int64_t num_heads = ctx->saved_data["num_heads"].toInt();
    const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(1) / num_heads));
    const at::Tensor grad_out = grads[0].contiguous();
    at::Tensor dq = at::empty_like(q);
    at::Tensor dk = at::empty_like(k);
    at::Tensor dv = at::empty_like(v);
    for (size_t b = 0; b + 1 < q_offsets.size(); ++b) {
      const auto q_rows = [&](const at::Tensor& t) { return heads_of(t, q_offsets[b], q_offsets[b + 1], num_heads); };
      const auto kv_rows = [&](const at::Tensor& t) {
        return heads_of(t, kv_offsets[b], kv_offsets[b + 1], num_heads);
      };
      const at::Tensor qb = q_rows(q).contiguous();
      const at::Tensor kb = kv_rows(k).contiguous();
      const at::Tensor grad_b = q_rows(grad_out).contiguous();
      const at::Tensor probabilities = attention_probabilities(qb, kb);
      const bool dropped = drop.probability > 0;
      const Dropout review_drop = dropout_of_review(drop, b);
      const at::Tensor used = dropped ? apply_mask(probabilities, review_drop) : probabilities;
      kv_rows(dv).copy_(at::bmm(used.to(v.scalar_type()).transpose(1, 2), grad_b));
      at::Tensor dp = at::bmm(grad_b, kv_rows(v).contiguous().transpose(1, 2)).to(at::kFloat);
      if (dropped) dp = apply_mask(dp, review_drop);
      const at::Tensor ds =
          at::_softmax_backward_data(dp, probabilities, -1, at::kFloat).mul_(scale).to(q.scalar_type());
      q_rows(dq).copy_(at::bmm(ds, kb));
      kv_rows(dk).copy_(at::bmm(ds.transpose(1, 2), qb));
    }
    return {dq, dk, dv, Variable(), Variable(), Variable(), Variable(), Variable()};
  }
};

struct FeedForwardFunction : torch::autograd::Function<FeedForwardFunction> {
  static Variable forward(AutogradContext* ctx, const Variable& x, const Variable& w1, const Variable& b1,
                          const Variable& w2, const Variable& b2) {
    const at::Tensor hidden = at::linear(x, w1, b1);
    ctx->save_for_backward({x, w1, w2, hidden});
    return at::linear(at::gelu(hidden), w2, b2);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& w1 = saved[1];
    const at::Tensor& w2 = saved[2];
    const at::Tensor& hidden = saved[3];
    const at::Tensor grad_out = grads[0].contiguous();
    const at::Tensor dw2 = at::mm(grad_out.t(), at::gelu(hidden));
    const at::Tensor dhidden = at::gelu_backward(at::mm(grad_out, w2), hidden);
    return {at::mm(dhidden, w1), at::mm(dhidden.t(), x), dhidden.sum(0), dw2, grad_out.sum(0)};
  }
};

}  // namespace

uint64_t dropout_key(uint64_t seed, uint64_t step, uint64_t micro_batch, uint64_t site) {
  // SplitMix64 (Steele, Lea, Flood 2014) over the four numbers.
  uint64_t state = seed;
  for (const uint64_t part : {step, micro_batch, site}) {
    state += 0x9e3779b97f4a7c15ULL + part;
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ULL;
    state = (state ^ (state >> 27)) * 0x94d049bb133111ebULL;
    state ^= state >> 31;
  }
  return state;
}

at::Tensor dropout(const at::Tensor& x, Dropout drop) {
  if (drop.probability <= 0) return x;
  return DropoutFunction::apply(x, drop.probability, static_cast<int64_t>(drop.key));
}

at::Tensor dropout_add(const at::Tensor& x, const at::Tensor& residual, Dropout drop) {
  if (drop.probability <= 0) return x + residual;
  return DropoutAddFunction::apply(x, residual, drop.probability, static_cast<int64_t>(drop.key));
}

at::Tensor packed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const std::vector<int64_t>& q_offsets, const std::vector<int64_t>& kv_offsets,
                            int64_t num_heads, Dropout drop) {
  return AttentionFunction::apply(q, k, v, q_offsets, kv_offsets, num_heads, drop.probability,
                                  static_cast<int64_t>(drop.key));
}

at::Tensor feed_forward(const at::Tensor& x, const at::Tensor& w1, const at::Tensor& b1, const at::Tensor& w2,
                        const at::Tensor& b2) {
  return FeedForwardFunction::apply(x, w1, b1, w2, b2);
}

}  // namespace coppice::model
