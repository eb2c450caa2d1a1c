// The few differentiable operations that libtorch does not offer in the form training on a small machine wants: they
// keep less for the backward pass than autograd would (masks, attention probabilities and GELU outputs are computed
// again) and never touch padding.
//
// Shapes: N tokens of all reviews laid end to end, B reviews, H hidden_size, A attention size = heads x head size,
// T length of one review, I intermediate_size. packed_attention and feed_forward compute in their inputs' type, float32
// or bfloat16 (softmax always in float32); dropout is float32 only.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace coppice::model {

// Random numbers of one dropout site. Counter-based: the mask is a pure function of key and element index, so that the
// backward pass makes it again instead of storing it, it is the same with any number of threads, and a resumed run
// draws what the uninterrupted one would have.
struct Dropout {
  double probability = 0.0;  // 0 = off
  uint64_t key = 0;
};

// Mixes a run's seed with where the numbers are used.
uint64_t dropout_key(uint64_t seed, uint64_t step, uint64_t micro_batch, uint64_t site);

// x * mask / (1 - p), any shape.
at::Tensor dropout(const at::Tensor& x, Dropout drop);

// residual + dropout(x), in one pass; same shapes.
at::Tensor dropout_add(const at::Tensor& x, const at::Tensor& residual, Dropout drop);

// Multi-head attention within each review: softmax(q k^T / sqrt(d)) v (Vaswani et al. 2017, equation 1), dropout on the
// probabilities. q (Nq, A) with rows of review b in [q_offsets[b], q_offsets[b+1]); k, v (N, A) likewise. The last
// layer of a classifier passes one query row per review. Returns (Nq, A).
at::Tensor packed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const std::vector<int64_t>& q_offsets, const std::vector<int64_t>& kv_offsets,
                            int64_t num_heads, Dropout drop);

// The feed-forward block: gelu(x w1^T + b1) w2^T + b2 with the exact GELU. x (N, H), w1 (I, H), w2 (H, I) -> (N, H).
at::Tensor feed_forward(const at::Tensor& x, const at::Tensor& w1, const at::Tensor& b1, const at::Tensor& w2,
                        const at::Tensor& b2);

}  // namespace coppice::model
