#include "shared/engine/classifier.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "shared/base/json.h"
#include "tests/unit/engine/counted_allocations.h"
#include "tests/unit/engine/toy_model.h"

namespace coppice::engine {
namespace {

using Logits = std::array<float, 2>;

std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span<const char>(text)); }

Classifier load(const records::BertConfig& config, const std::string& bytes, const ClassifierOptions& options = {}) {
  Result<Classifier> classifier = Classifier::load(config, as_bytes(bytes), "toy", options);
  EXPECT_TRUE(classifier.ok()) << classifier.status().message();
  return *std::move(classifier);
}

std::vector<std::vector<int32_t>> reviews_of_lengths(const std::vector<size_t>& lengths) {
  std::vector<std::vector<int32_t>> reviews;
  for (const size_t length : lengths) {
    std::vector<int32_t> ids;
    for (size_t i = 0; i < length; ++i) ids.push_back(static_cast<int32_t>((i * 7 + length) % 37));
    reviews.push_back(std::move(ids));
  }
  return reviews;
}

std::vector<Logits> classify(Session& session, const std::vector<std::vector<int32_t>>& reviews) {
  std::vector<std::span<const int32_t>> views(reviews.begin(), reviews.end());
  std::vector<Logits> logits(reviews.size());
  const Status status = session.classify(views, logits);
  EXPECT_TRUE(status.ok()) << status.message();
  return logits;
}

// In float32 from values of order 1: some hundred roundings of 6e-8 on the way.
constexpr double kFloat32Error = 2e-5;

TEST(Classifier, AgreesWithDoublePrecisionAloneAndPacked) {
  const auto reviews = reviews_of_lengths({1, 2, 17, 64, 70, 3, 33});
  for (const DType dtype : {DType::kF32, DType::kF16}) {
    ToyModel model = ToyModel::random(toy_config(), 1);
    const std::string bytes = model.bytes(dtype);
    const Classifier classifier = load(model.config, bytes);
    EXPECT_EQ(classifier.layers()[0].output.format(),
              dtype == DType::kF16 ? LinearFormat::kFloat16 : LinearFormat::kFloat32);
    Result<Session> session = Session::create(classifier, {.most_tokens = 200, .most_reviews = 7});
    ASSERT_TRUE(session.ok());
    const std::vector<Logits> packed = classify(*session, reviews);
    for (size_t i = 0; i < reviews.size(); ++i) {
      const std::array<double, 2> expected = reference_logits(model, reviews[i]);
      const Logits alone = classify(*session, {reviews[i]})[0];
      for (size_t c = 0; c < 2; ++c) {
        EXPECT_NEAR(packed[i][c], expected[c], kFloat32Error) << reviews[i].size() << " tokens";
        EXPECT_NEAR(alone[c], expected[c], kFloat32Error) << reviews[i].size() << " tokens";
      }
    }
  }
}

TEST(Classifier, SkipsZerosWhereThatIsCheaperAndTellsSo) {
  ToyModel model = ToyModel::random(toy_config(), 2, 0.9);
  const Classifier classifier = load(model.config, model.bytes());
  const Linear& output = classifier.layers()[0].output;
  EXPECT_EQ(output.format(), LinearFormat::kSparse);
  EXPECT_LT(output.multiplications_done(), output.multiplications() / 5);
  Result<Session> session = Session::create(classifier, {});
  ASSERT_TRUE(session.ok());
  for (const auto& review : reviews_of_lengths({1, 30, 70})) {
    const std::array<double, 2> expected = reference_logits(model, review);
    const Logits logits = classify(*session, {review})[0];
    for (size_t c = 0; c < 2; ++c) EXPECT_NEAR(logits[c], expected[c], kFloat32Error);
  }
  // Where a sparse multiplication were ten times as dear, none would be.
  ClassifierOptions dear;
  dear.costs.sparse = dear.costs.blocks4x1 = 100;
  EXPECT_EQ(load(model.config, model.bytes(), dear).layers()[0].output.format(), LinearFormat::kFloat32);
}

TEST(Classifier, MeasuresCostsOnlyWhereAMatrixHasAChoice) {
  const auto choices = [](double zeros, DType dtype) {
    std::vector<FormatChoice> asked;
    ClassifierOptions options;
    options.measure_costs = [&](FormatChoice choice, KernelCosts& costs) {
      asked.push_back(choice);
      costs.sparse = costs.blocks4x1 = 100;
    };
    ToyModel model = ToyModel::random(toy_config(), 2, zeros);
    const Classifier classifier = load(model.config, model.bytes(dtype), options);
    // What was measured decides.
    EXPECT_NE(classifier.layers()[0].output.format(), LinearFormat::kSparse);
    return asked;
  };
  EXPECT_EQ(choices(0, DType::kF32), std::vector<FormatChoice>());
  EXPECT_EQ(choices(0, DType::kF16), std::vector<FormatChoice>());
  EXPECT_EQ(choices(0.9, DType::kF32), std::vector<FormatChoice>{FormatChoice::kFloat});
}

TEST(Classifier, SkipsBlocksOfFourOutputs) {
  ToyModel model = ToyModel::random(toy_config(), 3);
  for (auto& [name, values] : model.tensors) {
    if (!name.starts_with("bert.encoder") || !name.ends_with(".weight") ||
        name.find("LayerNorm") != std::string::npos) {
      continue;
    }
    for (const ExpectedTensor& expected : expected_tensors(model.config)) {
      if (expected.name != name) continue;
      const auto inputs = static_cast<size_t>(expected.shape[1]);
      for (size_t i = 0; i < values.size(); ++i) {
        if ((i / inputs / 4 + i % inputs) % 5 != 0) values[i] = 0;
      }
    }
  }
  const Classifier classifier = load(model.config, model.bytes());
  EXPECT_EQ(classifier.layers()[1].intermediate.format(), LinearFormat::kBlocks4x1);  // 7 outputs: a short last group
  Result<Session> session = Session::create(classifier, {});
  ASSERT_TRUE(session.ok());
  const auto review = reviews_of_lengths({50})[0];
  const std::array<double, 2> expected = reference_logits(model, review);
  const Logits logits = classify(*session, {review})[0];
  for (size_t c = 0; c < 2; ++c) EXPECT_NEAR(logits[c], expected[c], kFloat32Error);
}

// Over the file's own bytes, wherever they begin: the same logits to the last bit, from hardly any memory besides.
TEST(Classifier, ComputesInTheFilesMemory) {
  const auto reviews = reviews_of_lengths({1, 30, 70});
  for (const double zeros : {0.0, 0.9}) {
    for (const DType dtype : {DType::kF32, DType::kF16}) {
      for (size_t shift = 0; shift < 4; ++shift) {
        ToyModel model = ToyModel::random(toy_config(), 4, zeros);
        const std::string file = model.bytes(dtype);
        const Classifier copied = load(model.config, file);
        std::vector<std::byte> memory(shift + file.size());
        std::memcpy(memory.data() + shift, file.data(), file.size());
        const Result<Classifier> in_place =
            Classifier::load_in_place(model.config, std::span(memory).subspan(shift), "toy", {});
        ASSERT_TRUE(in_place.ok()) << in_place.status().message();
        EXPECT_EQ(in_place->layers()[0].output.format(), copied.layers()[0].output.format());
        EXPECT_EQ(in_place->layers()[0].output.bytes(), copied.layers()[0].output.bytes());
        Result<Session> a = Session::create(copied, {});
        Result<Session> b = Session::create(*in_place, {});
        ASSERT_TRUE(a.ok() && b.ok());
        for (const auto& review : reviews) EXPECT_EQ(classify(*a, {review}), classify(*b, {review}));
      }
    }
  }
}

// In turn on one thread: every part of every operator is called, in an order that no real pool promises.
class Backwards : public Threads {
 public:
  size_t count() const override { return 3; }
  void run(size_t parts, const std::function<void(size_t part)>& part) override {
    most_parts = std::max(most_parts, parts);
    for (size_t i = parts; i-- > 0;) part(i);
  }
  size_t most_parts = 0;
};

TEST(Classifier, PartsOnThreadsGiveTheSameBits) {
  for (const double zeros : {0.0, 0.9}) {
    ToyModel model = ToyModel::random(toy_config(), 4, zeros);
    const Classifier classifier = load(model.config, model.bytes());
    Backwards threads;
    Result<Session> one = Session::create(classifier, {.most_tokens = 200, .most_reviews = 3});
    Result<Session> three = Session::create(classifier, {.most_tokens = 200, .most_reviews = 3, .threads = &threads});
    ASSERT_TRUE(one.ok() && three.ok());
    const auto reviews = reviews_of_lengths({70, 5, 40});
    EXPECT_EQ(classify(*one, reviews), classify(*three, reviews));
    EXPECT_EQ(threads.most_parts, 3U);
  }
}

TEST(Classifier, AllocatesNothingPerReview) {
  ToyModel model = ToyModel::random(toy_config(), 5);
  const Classifier classifier = load(model.config, model.bytes());
  Backwards threads;
  for (Threads* with : {static_cast<Threads*>(nullptr), static_cast<Threads*>(&threads)}) {
    Result<Session> session = Session::create(classifier, {.threads = with, .now = [] { return 0.0; }});
    ASSERT_TRUE(session.ok());
    const auto reviews = reviews_of_lengths({70, 1});
    Logits logits;
    for (const std::vector<int32_t>& review : reviews) {
      const std::span<const int32_t> view(review);
      const int64_t before = allocations_so_far();
      const Status status = session->classify({&view, 1}, {&logits, 1});
      EXPECT_EQ(allocations_so_far(), before);
      EXPECT_TRUE(status.ok());
    }
  }
}

TEST(Classifier, ProfileCountsTimeAndMultiplications) {
  ToyModel model = ToyModel::random(toy_config(), 6, 0.9);
  const Classifier classifier = load(model.config, model.bytes());
  Result<Session> session = Session::create(classifier, {.now = [] {
                                              static double time = 0;
                                              return time += 1;
                                            }});
  ASSERT_TRUE(session.ok());
  classify(*session, reviews_of_lengths({10}));
  const auto& profile = session->profile();
  ASSERT_EQ(profile.size(), 4U);
  const OperatorCost& first = profile[0][static_cast<size_t>(Operator::kOutput)];
  EXPECT_EQ(first.multiplications, 10 * 24 * 40);
  EXPECT_LT(first.multiplications_done, first.multiplications / 5);
  EXPECT_EQ(first.seconds, 1);
  EXPECT_EQ(profile[0][static_cast<size_t>(Operator::kAttention)].multiplications, 2 * 10 * 10 * 24);
  // The last layer: one row of queries and of what follows, keys and values of all.
  EXPECT_EQ(profile[2][static_cast<size_t>(Operator::kIntermediate)].multiplications, 18 * 24);
  EXPECT_EQ(profile[2][static_cast<size_t>(Operator::kProjections)].multiplications, (1 + 10 + 10) * 18 * 24);
  EXPECT_EQ(profile[3][static_cast<size_t>(Operator::kEmbeddings)].multiplications, 0);
}

TEST(Classifier, GoldenTinyBert) {
  const std::string folder = "tests/golden/tiny_bert/";
  const auto read = [&](const std::string& name) {
    std::ifstream in(folder + name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const auto config = records::parse_bert_config(read("config.json"), "config.json");
  ASSERT_TRUE(config.ok()) << config.status().message();
  const Classifier classifier = load(*config, read("model.safetensors"));
  Result<Session> session = Session::create(classifier, {.most_tokens = 16});
  ASSERT_TRUE(session.ok());
  const Result<Json> expected = parse_json(read("expected.json"), "expected.json");
  ASSERT_TRUE(expected.ok());
  for (size_t i = 0; i < (*expected)["reviews"].size(); ++i) {
    const Logits logits = classify(*session, {(*expected)["reviews"][i].get<std::vector<int32_t>>()})[0];
    for (size_t c = 0; c < 2; ++c) EXPECT_NEAR(logits[c], (*expected)["logits"][i][c].get<double>(), 1e-6);
  }
}

// ---- 8 bits
// ----------------------------------------------------------------------------------------------------------

// An int8 file as a reader sees it: parse_weights is of ONNX only there, so the tensors are packed as it gives them.
struct Int8Toy {
  explicit Int8Toy(double zeros, int limit) : model(ToyModel::random(toy_config(), 8, zeros)) {
    for (const ExpectedTensor& expected : expected_tensors(model.config)) {
      if (!is_stored_as_int8(expected)) continue;
      std::vector<float>& values = model.tensors.at(expected.name);
      Result<Int8Rows> rows = quantize_rows(values, expected.shape[0], expected.name, limit);
      EXPECT_TRUE(rows.ok());
      const size_t columns = values.size() / rows->scales.size();
      for (size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(rows->values[i]) * rows->scales[i / columns];
      quantized[expected.name] = *std::move(rows);
    }
  }
  ToyModel model;  // values as the integers give them back
  std::map<std::string, Int8Rows> quantized;
};

TEST(Linear, Int8AgreesWithExactIntegers) {
  for (const int limit : {64, 127}) {
    for (const LinearFormat format :
         {LinearFormat::kInt8, LinearFormat::kSparseQuads, LinearFormat::kSparsePairs, LinearFormat::kInt8Blocks}) {
      if (format == LinearFormat::kInt8Blocks && !kernels::multiplies_bytes(limit == 64)) continue;
      const Int8Toy toy(format == LinearFormat::kInt8 ? 0.0 : 0.95, limit);
      KernelCosts costs;
      costs.sparse_pairs = format == LinearFormat::kSparsePairs ? 0.1 : 1;
      costs.int8_blocks = format == LinearFormat::kInt8Blocks ? 0.01 : 1;
      const CostsFor costs_for = [&](FormatChoice) -> const KernelCosts& { return costs; };
      const std::string name = "bert.encoder.layer.0.output.dense";
      const Int8Rows& rows = toy.quantized.at(name + ".weight");
      TensorView weight{
          DType::kI8, {24, 40}, std::as_bytes(std::span(rows.values)), std::as_bytes(std::span(rows.scales))};
      const std::vector<float>& bias_values = toy.model.tensors.at(name + ".bias");
      TensorView bias{DType::kF32, {24}, std::as_bytes(std::span(bias_values)), {}};
      std::vector<std::byte> home(weight.bytes.begin(), weight.bytes.end());
      TensorView at_home = weight;
      at_home.bytes = home;
      const Result<Linear> linear = Linear::pack(name, weight, bias, costs_for, /*int8_products=*/true);
      ASSERT_TRUE(linear.ok()) << linear.status().message();
      EXPECT_EQ(linear->format(), format);
      const Result<Linear> placed =
          Linear::pack(name, at_home, bias, costs_for, /*int8_products=*/true, {home.data(), home.size()});
      ASSERT_TRUE(placed.ok()) << placed.status().message();
      constexpr size_t kTokens = 19;
      const size_t stride = kernels::padded_stride(kTokens);
      std::vector<float> x(40 * stride);
      for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
      std::vector<uint8_t> bytes(kernels::quantized_bytes(40, kTokens));
      std::vector<float> scales(stride, 2.0F / 255);
      std::vector<int32_t> zero_points(stride, 128);
      LinearInput input{{x.data(), stride}, {bytes.data(), scales.data(), zero_points.data()}};
      kernels::quantize(input.values, 40, kTokens, input.quantized);
      std::vector<float> out(24 * stride);
      std::vector<float> scratch(linear->scratch_floats());
      linear->multiply({0, 24}, input, kTokens, {}, {out.data(), stride}, scratch.data());
      std::vector<float> out_placed(24 * stride);
      placed->multiply({0, 24}, input, kTokens, {}, {out_placed.data(), stride}, scratch.data());
      EXPECT_EQ(out, out_placed);
      for (size_t r = 0; r < 24; ++r) {
        for (size_t t = 0; t < kTokens; ++t) {
          int64_t sum = 0;
          for (size_t k = 0; k < 40; ++k) {
            const double steps = std::nearbyint(x[k * stride + t] / scales[t]);
            sum += static_cast<int64_t>(std::clamp(steps, -128.0, 127.0)) * rows.values[r * 40 + k];
          }
          const double expected = static_cast<double>(sum) * rows.scales[r] * scales[t] + bias_values[r];
          EXPECT_NEAR(out[r * stride + t], expected, 2e-7 * (std::abs(expected) + 1));
        }
      }
    }
  }
}

// ---- refusals
// --------------------------------------------------------------------------------------------------------

TEST(Classifier, RefusesBrokenFilesByName) {
  ToyModel model = ToyModel::random(toy_config(), 9);
  const std::string bytes = model.bytes();
  const auto message = [&](const std::string& file, const records::BertConfig& config,
                           const ClassifierOptions& options = {}) {
    const Result<Classifier> classifier = Classifier::load(config, as_bytes(file), "toy.safetensors", options);
    EXPECT_FALSE(classifier.ok());
    return classifier.status().message();
  };
  EXPECT_NE(message(bytes.substr(0, bytes.size() - 5), model.config).find("toy.safetensors"), std::string::npos);
  EXPECT_NE(message("", model.config).find("toy.safetensors"), std::string::npos);
  records::BertConfig wider = model.config;
  wider.layers[1].intermediate_size = 8;
  EXPECT_NE(message(bytes, wider).find("bert.encoder.layer.1.intermediate.dense.weight is (7, 24), expected (8, 24)"),
            std::string::npos);
  ToyModel infinite = model;
  infinite.tensors.at("bert.encoder.layer.2.output.dense.weight")[3] = INFINITY;
  EXPECT_NE(
      message(infinite.bytes(), model.config).find("layer.2.output.dense.weight holds a value that is not finite"),
      std::string::npos);
  ClassifierOptions little;
  little.memory_limit_bytes = 100000;
  EXPECT_NE(message(bytes, model.config, little).find("are allowed"), std::string::npos);
}

TEST(Session, RefusesReviewsItCannotTake) {
  ToyModel model = ToyModel::random(toy_config(), 10);
  const Classifier classifier = load(model.config, model.bytes());
  Result<Session> session = Session::create(classifier, {.most_tokens = 80, .most_reviews = 2});
  ASSERT_TRUE(session.ok());
  const auto refused = [&](const std::vector<std::vector<int32_t>>& reviews) {
    std::vector<std::span<const int32_t>> views(reviews.begin(), reviews.end());
    std::vector<Logits> logits(reviews.size());
    const Status status = session->classify(views, logits);
    EXPECT_FALSE(status.ok());
    return status.message();
  };
  EXPECT_NE(refused({}).find("1 to 2 reviews"), std::string::npos);
  EXPECT_NE(refused(reviews_of_lengths({1, 1, 1})).find("1 to 2 reviews"), std::string::npos);
  EXPECT_NE(refused({{}}).find("has 0 tokens"), std::string::npos);
  EXPECT_NE(refused(reviews_of_lengths({71})).find("takes 1 to 70"), std::string::npos);
  EXPECT_NE(refused(reviews_of_lengths({70, 11})).find("room for 80"), std::string::npos);
  EXPECT_NE(refused({{1, 37}}).find("token id 37"), std::string::npos);
  EXPECT_NE(refused({{-1}}).find("token id -1"), std::string::npos);
  EXPECT_FALSE(Session::create(classifier, {.most_tokens = 0}).ok());
  // And is of use afterwards.
  classify(*session, reviews_of_lengths({70, 10}));
}

}  // namespace
}  // namespace coppice::engine
