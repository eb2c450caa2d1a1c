#include "native/train/hidden_states.h"

#include <torch/torch.h>

#include <algorithm>

namespace coppice::train {

std::string_view to_string(HiddenRows rows) {
  switch (rows) {
    case HiddenRows::kNone:
      return "off";
    case HiddenRows::kCls:
      return "cls";
    case HiddenRows::kTokens:
      return "tokens";
  }
  return "";
}

Result<HiddenRows> parse_hidden_rows(std::string_view text) {
  for (const HiddenRows rows : {HiddenRows::kNone, HiddenRows::kCls, HiddenRows::kTokens}) {
    if (text == to_string(rows)) return rows;
  }
  return invalid_usage(
      std::string("\"").append(text).append("\" are no rows of hidden states; expected off, cls or tokens"));
}

OrderedJson to_json(const HiddenStatesConfig& config) {
  OrderedJson json;
  json["rows"] = to_string(config.rows);
  json["weight"] = config.weight;
  json["layers"] = OrderedJson::array();
  for (const LayerPair& pair : config.pairs) {
    json["layers"].push_back({{"student", pair.student}, {"teacher", pair.teacher}});
  }
  return json;
}

TeacherStates live_states(std::shared_ptr<model::BertClassifier> teacher,
                          std::shared_ptr<const model::TokenizedReviews> reviews, std::vector<LayerPair> pairs) {
  int64_t deepest = 0;
  for (const LayerPair& pair : pairs) deepest = std::max(deepest, pair.teacher);
  return [teacher = std::move(teacher), reviews = std::move(reviews), pairs = std::move(pairs),
          deepest](std::span<const uint32_t> indices) {
    const at::NoGradGuard no_grad;

    const std::vector<at::Tensor> all =
        teacher->hidden_states(model::pack_reviews(*reviews, indices), static_cast<size_t>(deepest) + 1);
    std::vector<at::Tensor> states;
    for (const LayerPair& pair : pairs) states.push_back(all[static_cast<size_t>(pair.teacher) + 1]);
    return states;
  };
}

Status check(const HiddenStatesConfig& config, int64_t student_layers) {
  if (!config.active()) return {};
  if (!(config.weight > 0)) return invalid_usage("the weight of inner hidden states must be above 0");
  if (config.pairs.empty()) return invalid_usage("no layers are named whose hidden states are to be compared");
  for (const LayerPair& pair : config.pairs) {
    if (pair.student >= 0 && pair.student + 1 < student_layers && pair.teacher >= 0) continue;
    return invalid_usage("hidden states of the student's layer " + std::to_string(pair.student) +
                         " cannot be compared; it has inner layers 0 to " + std::to_string(student_layers - 2));
  }
  return {};
}

at::Tensor cls_rows(const at::Tensor& states, const std::vector<int64_t>& offsets) {
  const std::vector<int64_t> first(offsets.begin(), offsets.end() - 1);
  return states.index_select(0, at::tensor(first, at::kLong));
}

at::Tensor hidden_states_loss(const std::vector<at::Tensor>& student, const std::vector<at::Tensor>& teacher,
                              const std::vector<int64_t>& offsets, const HiddenStatesConfig& config) {
  // Each review counts alike, however long it is.
  std::vector<double> weights;
  for (size_t b = 0; b + 1 < offsets.size(); ++b) {
    const int64_t rows = config.rows == HiddenRows::kCls ? 1 : offsets[b + 1] - offsets[b];
    weights.insert(weights.end(), static_cast<size_t>(rows), 1.0 / static_cast<double>(rows));
  }
  const at::Tensor row_weights = at::tensor(weights, teacher.front().options());
  at::Tensor sum;
  for (size_t p = 0; p < config.pairs.size(); ++p) {
    at::Tensor state = student[static_cast<size_t>(config.pairs[p].student)];
    if (config.rows == HiddenRows::kCls) state = cls_rows(state, offsets);
    const at::Tensor of_pair = at::square(state - teacher[p]).mean(1).dot(row_weights);
    sum = sum.defined() ? sum + of_pair : of_pair;
  }
  return sum * (config.weight / static_cast<double>(config.pairs.size()));
}

}  // namespace coppice::train
