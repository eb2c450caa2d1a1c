#include <algorithm>
#include <cmath>
#include <cstring>

#include "shared/engine/classifier.h"

namespace coppice::engine {
namespace {

using kernels::Activations;
using kernels::ConstActivations;
using kernels::QuantizedActivations;
using kernels::RowRange;

constexpr size_t kTokenStep = kernels::kMostTile;  // what threads share by tokens: whole tiles
constexpr size_t kEmbeddedTogether = 16;           // tokens: a cache line of each feature

// Widths that a session needs room for.
struct Widths {
  size_t hidden = 0;
  size_t attention = 0;
  size_t intermediate = 0;
  size_t deepest = 0;  // inputs of any product
};

Widths widths_of(const records::BertConfig& config) {
  Widths widths;
  widths.hidden = static_cast<size_t>(config.hidden_size);
  for (const records::LayerShape& layer : config.layers) {
    widths.attention = std::max(widths.attention, static_cast<size_t>(config.attention_size(layer)));
    widths.intermediate = std::max(widths.intermediate, static_cast<size_t>(layer.intermediate_size));
  }
  widths.deepest = std::max({widths.hidden, widths.attention, widths.intermediate});
  return widths;
}

size_t scratch_floats_of(const records::BertConfig& config, const SessionOptions& options) {
  const auto longest = std::min(options.most_tokens, static_cast<size_t>(config.max_position_embeddings));
  return std::max({kernels::dense_scratch(widths_of(config).deepest), kernels::kSparseScratch, kernels::kPairScratch,
                   kernels::kByteBlockScratch,
                   kernels::attention_scratch(longest, static_cast<size_t>(config.head_size()))});
}

// Hands out pieces of an arena, or only counts them where there is none.
class Cutter {
 public:
  explicit Cutter(std::byte* begin) : begin_(begin) {}
  template <typename T>
  T* take(size_t count) {
    T* piece = begin_ == nullptr ? nullptr : reinterpret_cast<T*>(begin_ + used_);
    used_ += (count * sizeof(T) + 63) / 64 * 64;
    return piece;
  }
  Activations activations(size_t features, size_t tokens) {
    // A column more of vectors: a head's last rows are read up to a group of rows further.
    const size_t stride = kernels::padded_stride(tokens);
    return {take<float>((features + kernels::kRowGroup) * stride), stride};
  }
  QuantizedActivations quantized(size_t features, size_t tokens) {
    QuantizedActivations piece;
    piece.data = take<uint8_t>(kernels::quantized_bytes(features, tokens));
    piece.scales = take<float>(kernels::padded_stride(tokens) + kernels::kMostTile);
    piece.zero_points = take<int32_t>(kernels::padded_stride(tokens) + kernels::kMostTile);
    return piece;
  }
  [[nodiscard]] size_t used() const { return std::max(used_, most_used_); }
  // What is taken next lies over what was since `used` was this: for pieces of which one is no longer needed when the
  // other is written.
  void back_to(size_t used) {
    most_used_ = std::max(most_used_, used_);
    used_ = used;
  }
  void beyond_all() { used_ = used(); }

 private:
  std::byte* begin_;
  size_t used_ = 0;
  size_t most_used_ = 0;
};

struct Pieces {
  Activations x, y, query, key, value, context, wide, cls, cls_y;
  QuantizedActivations quantized, cls_quantized;
  float* rows = nullptr;
  float* scratch = nullptr;
};

Pieces cut(Cutter& cutter, const records::BertConfig& config, const SessionOptions& options) {
  const Widths widths = widths_of(config);
  const size_t tokens = options.most_tokens;
  Pieces pieces;
  pieces.x = cutter.activations(widths.hidden, tokens);
  pieces.y = cutter.activations(widths.hidden, tokens);
  const size_t before_attention = cutter.used();
  pieces.query = cutter.activations(widths.attention, tokens);
  pieces.key = cutter.activations(widths.attention, tokens);
  pieces.value = cutter.activations(widths.attention, tokens);
  pieces.context = cutter.activations(widths.attention, tokens);
  // Attention is over when the feed-forward layers begin. Together they would be most of what a cache must hold.
  cutter.back_to(before_attention);
  pieces.wide = cutter.activations(widths.intermediate, tokens);
  cutter.beyond_all();
  pieces.cls = cutter.activations(widths.hidden, options.most_reviews);
  pieces.cls_y = cutter.activations(widths.hidden, options.most_reviews);
  pieces.quantized = cutter.quantized(widths.deepest, tokens);
  pieces.cls_quantized = cutter.quantized(widths.deepest, options.most_reviews);
  pieces.rows = cutter.take<float>(kEmbeddedTogether * widths.hidden);
  const size_t threads = options.threads == nullptr ? 1 : options.threads->count();
  pieces.scratch = cutter.take<float>(scratch_floats_of(config, options) * threads);
  return pieces;
}

}  // namespace

std::string_view name_of(Operator of) {
  constexpr std::string_view kNames[kOperators] = {"embeddings", "quantize",         "projections",
                                                   "attention",  "attention_output", "intermediate",
                                                   "output",     "layer_norm",       "classifier"};
  return kNames[static_cast<size_t>(of)];
}

size_t session_bytes(const records::BertConfig& config, const SessionOptions& options) {
  Cutter cutter(nullptr);
  cut(cutter, config, options);
  return cutter.used();
}

Result<Session> Session::create(const Classifier& classifier, const SessionOptions& options) {
  if (options.most_tokens == 0 || options.most_reviews == 0) {
    return invalid_usage("a session is of at least one token and one review");
  }
  Session session(classifier, options);
  COPPICE_RETURN_IF_ERROR(session.cut_arena());
  return session;
}

Status Session::cut_arena() {
  const records::BertConfig& config = classifier_->config();
  const size_t bytes = session_bytes(config, options_);
  arena_ = AlignedBytes(bytes);
  if (arena_.size() == 0) {
    return failed("no memory for " + std::to_string(bytes) + " bytes to compute " +
                  std::to_string(options_.most_tokens) + " tokens; give fewer at once");
  }
  Cutter cutter(arena_.as<std::byte>());
  const Pieces pieces = cut(cutter, config, options_);
  x_ = pieces.x;
  y_ = pieces.y;
  query_ = pieces.query;
  key_ = pieces.key;
  value_ = pieces.value;
  context_ = pieces.context;
  wide_ = pieces.wide;
  cls_ = pieces.cls;
  cls_y_ = pieces.cls_y;
  quantized_ = pieces.quantized;
  cls_quantized_ = pieces.cls_quantized;
  rows_ = pieces.rows;
  scratch_ = pieces.scratch;
  scratch_floats_ = scratch_floats_of(config, options_);
  ranges_.resize(options_.threads == nullptr ? 1 : options_.threads->count());
  offsets_.assign(options_.most_reviews + 1, 0);
  if (options_.now != nullptr) profile_.resize(config.layers.size() + 1);
  return {};
}

// One call of classify.
class Session::Run {
 public:
  Run(Session& session, size_t reviews)
      : s_(session),
        model_(*session.classifier_),
        reviews_(reviews),
        tokens_(session.offsets_[reviews]),
        hidden_(static_cast<size_t>(model_.config_.hidden_size)),
        head_size_(static_cast<size_t>(model_.config_.head_size())),
        epsilon_(static_cast<float>(model_.config_.layer_norm_eps)) {
    set_stride(tokens_);
    time_ = s_.options_.now == nullptr ? 0 : s_.options_.now();
  }

  void embed(std::span<const std::span<const int32_t>> reviews) {
    size_t token = 0;
    for (const std::span<const int32_t>& review : reviews) {
      for (size_t position = 0; position < review.size(); ++position, ++token) {
        float* row = s_.rows_ + token % kEmbeddedTogether * hidden_;
        model_.word_row(review[position], row);
        const float* place = model_.positions_.data() + position * hidden_;
        for (size_t f = 0; f < hidden_; ++f) row[f] += place[f];
        if (token % kEmbeddedTogether + 1 == kEmbeddedTogether) put_rows(token + 1 - kEmbeddedTogether, token + 1);
      }
    }
    put_rows(token - token % kEmbeddedTogether, token);
    charge(Operator::kEmbeddings);
    normalise(s_.x_, tokens_, model_.embedding_norm_);
  }

  void encode(size_t index) {
    layer_ = index;
    const EncoderLayer& layer = model_.layers_[index];
    const bool cls_only = index + 1 == model_.layers_.size();
    const size_t queries = cls_only ? reviews_ : tokens_;
    LinearInput input = product_input(s_.x_, hidden_, tokens_, /*whole_reviews=*/true, s_.quantized_);
    LinearInput query_input = input;
    Activations residual = s_.x_;
    Activations mid = s_.y_;
    if (cls_only) {
      take_cls(input);
      residual = s_.cls_;
      mid = s_.cls_y_;
      query_input = {s_.cls_, s_.cls_quantized_};
      set_query_stride(reviews_);
    }
    const bool whole = !cls_only;
    const auto project = [&](RowRange rows, size_t part) {
      float* scratch = scratch_of(part);
      layer.query.multiply(rows, query_input, queries, {}, s_.query_, scratch);
      layer.key.multiply(rows, input, tokens_, {}, s_.key_, scratch);
      layer.value.multiply(rows, input, tokens_, {}, s_.value_, scratch);
    };
    // The larger is a multiple of the smaller.
    split(layer.query.outputs(), project,
          std::max({layer.query.rows_together(), layer.key.rows_together(), layer.value.rows_together()}));
    charge(Operator::kProjections, {{&layer.query, queries}, {&layer.key, tokens_}, {&layer.value, tokens_}});
    attend(layer, cls_only);

    const size_t width = layer.query.outputs();
    QuantizedActivations& bytes = cls_only ? s_.cls_quantized_ : s_.quantized_;
    multiply(layer.attention_output, product_input(s_.context_, width, queries, whole, bytes), queries, residual, mid,
             Operator::kAttentionOutput);
    normalise(mid, queries, layer.attention_norm);
    multiply(layer.intermediate, product_input(mid, hidden_, queries, whole, bytes), queries, {}, s_.wide_,
             Operator::kIntermediate);
    multiply(layer.output, product_input(s_.wide_, layer.output.inputs(), queries, whole, bytes), queries, mid,
             residual, Operator::kOutput);
    normalise(residual, queries, layer.output_norm);
  }

  void judge(std::span<std::array<float, 2>> logits) {
    layer_ = model_.layers_.size();
    multiply(model_.pooler_, product_input(s_.cls_, hidden_, reviews_, false, s_.cls_quantized_), reviews_, {},
             s_.cls_y_, Operator::kClassifier);
    for (size_t b = 0; b < reviews_; ++b) {
      std::array<double, 2> sums = {model_.classifier_bias_[0], model_.classifier_bias_[1]};
      for (size_t f = 0; f < hidden_; ++f) {
        const double pooled = std::tanh(s_.cls_y_.data[f * s_.cls_y_.stride + b]);
        sums[0] += pooled * model_.classifier_[f];
        sums[1] += pooled * model_.classifier_[hidden_ + f];
      }
      logits[b] = {static_cast<float>(sums[0]), static_cast<float>(sums[1])};
    }
    charge(Operator::kClassifier);
  }

 private:
  struct Product {
    const Linear* linear;
    size_t tokens;
  };

  // The rows of tokens `begin` to `end` into the columns of x: a cache line of each feature at once, as the features
  // lie pages apart.
  void put_rows(size_t begin, size_t end) {
    for (size_t f = 0; f < hidden_; ++f) {
      float* to = s_.x_.data + f * s_.x_.stride + begin;
      for (size_t i = 0; i < end - begin; ++i) to[i] = s_.rows_[i * hidden_ + f];
    }
  }

  // Short reviews use a part of each matrix's memory, close together.
  void set_stride(size_t tokens) {
    const size_t stride = kernels::padded_stride(tokens);
    for (Activations* matrix : {&s_.x_, &s_.y_, &s_.query_, &s_.key_, &s_.value_, &s_.context_, &s_.wide_}) {
      matrix->stride = stride;
    }
    s_.cls_.stride = s_.cls_y_.stride = kernels::padded_stride(reviews_);
  }
  void set_query_stride(size_t queries) {
    for (Activations* matrix : {&s_.query_, &s_.context_, &s_.wide_}) matrix->stride = kernels::padded_stride(queries);
  }

  [[nodiscard]] float* scratch_of(size_t part) const { return s_.scratch_ + part * s_.scratch_floats_; }

  // For an operator whose result the next product reads: where its parts note the range of it. Null where it is not
  // asked for, or each review has its own.
  kernels::StoredRange* begin_ranges(size_t tokens) {
    noted_ = false;
    if (!model_.int8_products_ || model_.activation_scales_ || reviews_ != 1) return nullptr;
    for (kernels::StoredRange& range : s_.ranges_) {
      range = {};
      range.tokens = tokens;
    }
    noted_ = true;
    return s_.ranges_.data();
  }
  [[nodiscard]] kernels::Range stored_range() const {
    kernels::Range all;
    for (const kernels::StoredRange& range : s_.ranges_) {
      all.low = std::min(all.low, *std::min_element(std::begin(range.low), std::end(range.low)));
      all.high = std::max(all.high, *std::max_element(std::begin(range.high), std::end(range.high)));
    }
    return all;
  }

  // work(range, part) for parts of `count` rows or tokens, each but the last of a multiple of `step`, on all threads.
  template <typename Work>
  void split(size_t count, const Work& work, size_t step) {
    Threads* threads = s_.options_.threads;
    const size_t steps = (count + step - 1) / step;
    const size_t parts = threads == nullptr ? 1 : std::min(threads->count(), std::max<size_t>(steps, 1));
    if (parts == 1) return work(RowRange{0, count}, 0);
    const auto part = [&](size_t index) {
      work(RowRange{steps * index / parts * step, std::min(count, steps * (index + 1) / parts * step)}, index);
    };
    threads->run(parts, std::cref(part));  // a reference: a function of it allocates nothing
  }

  void multiply(const Linear& linear, const LinearInput& input, size_t tokens, ConstActivations residual,
                Activations out, Operator of) {
    // The other operators' results are normalised, or read by no product; dense ones leave theirs to be found.
    kernels::StoredRange* ranges = nullptr;
    noted_ = false;
    if (of == Operator::kIntermediate && linear.notes_range()) ranges = begin_ranges(tokens);
    const auto multiply_part = [&](RowRange rows, size_t part) {
      kernels::Epilogue epilogue;
      epilogue.gelu = of == Operator::kIntermediate;
      epilogue.residual = residual;
      epilogue.range = ranges == nullptr ? nullptr : ranges + part;
      linear.multiply(rows, input, tokens, epilogue, out, scratch_of(part));
    };
    split(linear.outputs(), multiply_part, linear.rows_together());
    charge(of, {{&linear, tokens}});
  }

  // What the next product reads, and the operator before it has stored; in the order of engine::product_inputs.
  // whole_reviews: columns are all tokens, else one a review.
  LinearInput product_input(ConstActivations values, size_t features, size_t tokens, bool whole_reviews,
                            QuantizedActivations& out) {
    const size_t input = input_++;
    if (!model_.int8_products_) return {values, {}};
    for (size_t b = 0; b < reviews_; ++b) {
      const size_t begin = whole_reviews ? s_.offsets_[b] : b;
      const size_t end = whole_reviews ? s_.offsets_[b + 1] : b + 1;
      ActivationScale scale;
      if (model_.activation_scales_) {
        scale = (*model_.activation_scales_)[input];
      } else {
        const kernels::Range range = noted_ ? stored_range() : kernels::find_range(values, features, begin, end);
        const float width = range.high - range.low;
        // Wider than nothing, also as a scale; broken weights may give infinite values, which the logits then tell.
        if (std::isfinite(width) && width / 255 > 0) scale = scale_of_range(range.low, range.high);
      }
      std::fill(out.scales + begin, out.scales + end, scale.scale);
      std::fill(out.zero_points + begin, out.zero_points + end, scale.zero_point);
    }
    out.uniform = reviews_ == 1 || model_.activation_scales_;
    std::fill(out.scales + tokens, out.scales + tokens + kernels::kMostLanes, 1.0F);
    std::fill(out.zero_points + tokens, out.zero_points + tokens + kernels::kMostLanes, 0);
    const auto quantize = [&](RowRange part, size_t /*index*/) {
      QuantizedActivations to = out;
      to.data += part.begin * kernels::padded_depth(features);
      to.scales += part.begin;
      to.zero_points += part.begin;
      kernels::quantize({values.data + part.begin, values.stride}, features, part.end - part.begin, to);
    };
    split(tokens, quantize, kTokenStep);
    charge(Operator::kQuantize);
    return {values, out};
  }

  // [CLS] of each review out of what the last layer's products read.
  void take_cls(const LinearInput& input) {
    const size_t tile = kernels::token_tile();
    const size_t depth = kernels::padded_depth(hidden_);
    s_.cls_quantized_.uniform = input.quantized.uniform;
    for (size_t b = 0; b < reviews_; ++b) {
      const size_t token = s_.offsets_[b];
      for (size_t f = 0; f < hidden_; ++f) s_.cls_.data[f * s_.cls_.stride + b] = s_.x_.data[f * s_.x_.stride + token];
      if (!model_.int8_products_) continue;
      s_.cls_quantized_.scales[b] = input.quantized.scales[token];
      s_.cls_quantized_.zero_points[b] = input.quantized.zero_points[token];
      const uint8_t* from = input.quantized.data + token / tile * tile * depth + token % tile * 4;
      uint8_t* to = s_.cls_quantized_.data + b / tile * tile * depth + b % tile * 4;
      for (size_t quad = 0; quad < depth / 4; ++quad) std::memcpy(to + quad * tile * 4, from + quad * tile * 4, 4);
    }
  }

  void attend(const EncoderLayer& layer, bool cls_only) {
    const float scale = 1.0F / std::sqrt(static_cast<float>(head_size_));
    int64_t products = 0;
    kernels::StoredRange* ranges = begin_ranges(cls_only ? 1 : tokens_);
    const auto heads = [&](size_t begin, size_t end, size_t part) {
      for (size_t head = begin; head < end; ++head) {
        const size_t row = head * head_size_;
        for (size_t b = 0; b < reviews_; ++b) {
          const size_t first = s_.offsets_[b];
          const size_t query = cls_only ? b : first;
          const auto at = [row](const Activations& matrix, size_t token) {
            return Activations{matrix.data + row * matrix.stride + token, matrix.stride};
          };
          kernels::AttentionHead task;
          task.keys = s_.offsets_[b + 1] - first;
          task.queries = cls_only ? 1 : task.keys;
          task.query = at(s_.query_, query);
          task.key = at(s_.key_, first);
          task.value = at(s_.value_, first);
          task.head_size = head_size_;
          task.scale = scale;
          task.range = ranges == nullptr ? nullptr : ranges + part;
          kernels::attend(task, at(s_.context_, query), scratch_of(part));
        }
      }
    };
    Threads* threads = s_.options_.threads;
    const size_t parts = threads == nullptr ? 1 : std::min(threads->count(), layer.heads);
    if (parts <= 1) {
      heads(0, layer.heads, 0);
    } else {
      const auto part = [&](size_t index) {
        heads(layer.heads * index / parts, layer.heads * (index + 1) / parts, index);
      };
      threads->run(parts, std::cref(part));
    }
    for (size_t b = 0; b < reviews_; ++b) {
      const auto keys = static_cast<int64_t>(s_.offsets_[b + 1] - s_.offsets_[b]);
      products += 2 * keys * (cls_only ? 1 : keys) * static_cast<int64_t>(layer.query.outputs());
    }
    charge(Operator::kAttention, {}, products);
  }

  void normalise(Activations x, size_t tokens, const LayerNormWeights& norm) {
    kernels::StoredRange* ranges = begin_ranges(tokens);
    const auto normalise_part = [&](RowRange part, size_t index) {
      const size_t count = part.end - part.begin;
      kernels::StoredRange* range = ranges == nullptr ? nullptr : ranges + index;
      if (range != nullptr) range->tokens = count;
      kernels::layer_norm({x.data + part.begin, x.stride}, hidden_, count, norm.weight.data(), norm.bias.data(),
                          epsilon_, range);
    };
    split(tokens, normalise_part, kTokenStep);
    charge(Operator::kLayerNorm);
  }

  // The time since the last call goes to this operator.
  void charge(Operator of, std::initializer_list<Product> products = {}, int64_t others = 0) {
    if (s_.options_.now == nullptr) return;
    const double now = s_.options_.now();
    OperatorCost& cost = s_.profile_[layer_][static_cast<size_t>(of)];
    cost.seconds += now - time_;
    time_ = now;
    cost.multiplications += others;
    cost.multiplications_done += others;
    for (const Product& product : products) {
      cost.multiplications += product.linear->multiplications() * static_cast<int64_t>(product.tokens);
      cost.multiplications_done += product.linear->multiplications_done() * static_cast<int64_t>(product.tokens);
    }
  }

  Session& s_;
  const Classifier& model_;
  size_t reviews_;
  size_t tokens_;
  size_t hidden_;
  size_t head_size_;
  float epsilon_;
  size_t layer_ = s_.classifier_->layers_.size();
  size_t input_ = 0;
  bool noted_ = false;  // the range of what the operator before has stored
  double time_ = 0;
};

Status Session::classify(std::span<const std::span<const int32_t>> reviews, std::span<std::array<float, 2>> logits) {
  if (reviews.empty() || reviews.size() > options_.most_reviews || logits.size() != reviews.size()) {
    return invalid_usage("the session is of 1 to " + std::to_string(options_.most_reviews) +
                         " reviews with as many logits; given " + std::to_string(reviews.size()) + " and " +
                         std::to_string(logits.size()));
  }
  const records::BertConfig& config = classifier_->config();
  for (size_t b = 0; b < reviews.size(); ++b) {
    const auto length = static_cast<int64_t>(reviews[b].size());
    if (length == 0 || length > config.max_position_embeddings) {
      return invalid_input("review " + std::to_string(b + 1) + " has " + std::to_string(length) +
                           " tokens; the model takes 1 to " + std::to_string(config.max_position_embeddings) +
                           ". Cut it to the manifest's max_length.");
    }
    for (const int32_t id : reviews[b]) {
      if (id < 0 || id >= config.vocab_size) {
        return invalid_input("review " + std::to_string(b + 1) + " has the token id " + std::to_string(id) +
                             "; the vocabulary ends at " + std::to_string(config.vocab_size - 1) +
                             ". Tokenize it with the model's own vocab.txt.");
      }
    }
    offsets_[b + 1] = offsets_[b] + reviews[b].size();
  }
  if (offsets_[reviews.size()] > options_.most_tokens) {
    return invalid_usage("the reviews have " + std::to_string(offsets_[reviews.size()]) +
                         " tokens; the session has room for " + std::to_string(options_.most_tokens));
  }
  Run run(*this, reviews.size());
  run.embed(reviews);
  for (size_t layer = 0; layer < classifier_->layers().size(); ++layer) run.encode(layer);
  run.judge(logits);
  for (const std::array<float, 2>& pair : logits) {
    if (!std::isfinite(pair[0]) || !std::isfinite(pair[1])) {
      return invalid_input("the logits are not finite: the model's weights are broken; take an earlier checkpoint");
    }
  }
  return {};
}

}  // namespace coppice::engine
