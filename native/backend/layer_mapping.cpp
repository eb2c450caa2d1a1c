#include "native/backend/layer_mapping.h"

#include <charconv>

#include "native/prune/plan.h"

namespace coppice::backend {
namespace {

Result<std::vector<int64_t>> parse_layers(const std::string& list, int64_t student_layers, int64_t teacher_layers) {
  std::vector<int64_t> layers;
  const char* at = list.data();
  const char* const end = at + list.size();
  while (true) {
    int64_t layer = -1;
    const auto [next, error] = std::from_chars(at, end, layer);
    const bool number = error == std::errc() && (next == end || *next == ',');
    if (!number || layer < 0 || layer >= teacher_layers) {
      return invalid_usage("--teacher-hidden-layers is \"" + list + "\"; expected auto, uniform or numbers from 0 to " +
                           std::to_string(teacher_layers - 1) + " with commas between, the teacher's layers");
    }
    layers.push_back(layer);
    if (next == end) break;
    at = next + 1;
  }
  if (static_cast<int64_t>(layers.size()) != student_layers - 1) {
    return invalid_usage("--teacher-hidden-layers names " + std::to_string(layers.size()) + " layers; expected " +
                         std::to_string(student_layers - 1) + ", one for each of the student's but the last");
  }
  return layers;
}

// The numbers that the student's layers had in the teacher.
Result<LayerMapping> mapping_of_plan(const records::Manifest* student, int64_t student_layers, int64_t teacher_layers,
                                     const std::string& teacher_id, const std::string& teacher_weights_sha256) {
  std::string why = "the student has no manifest with the plan of a structured pruning";
  for (size_t i = student == nullptr ? 0 : student->plan.size(); i-- > 0;) {
    const records::PlanStep& step = student->plan[i];
    if (!step.plan || step.kind != "prune") continue;
    COPPICE_ASSIGN_OR_RETURN(const prune::Plan plan, prune::parse_plan(dump_json(*step.plan), step.run));
    if (!plan.is_structured()) continue;
    if (plan.model_id != teacher_id && plan.weights_sha256 != teacher_weights_sha256) {
      why = step.run + " pruned model " + plan.model_id + ", not the teacher " + teacher_id;
      break;
    }
    LayerMapping mapping{{}, "plan " + step.run};
    if (static_cast<int64_t>(plan.structured.layers.size()) != student_layers ||
        plan.structured.layers.back().layer >= teacher_layers) {
      why = step.run + " keeps layers that are not those of student and teacher";
      break;
    }
    for (int64_t s = 0; s + 1 < student_layers; ++s) {
      mapping.pairs.push_back({s, plan.structured.layers[static_cast<size_t>(s)].layer});
    }
    return mapping;
  }
  return invalid_usage("the student has " + std::to_string(student_layers) + " layers and the teacher " +
                       std::to_string(teacher_layers) + ", and which belong together is not known: " + why +
                       ". Give --teacher-hidden-layers uniform, or the teacher's layers by number");
}

}  // namespace

Result<LayerMapping> map_layers(const std::string& wish, int64_t student_layers, const records::Manifest* student,
                                int64_t teacher_layers, const std::string& teacher_id,
                                const std::string& teacher_weights_sha256) {
  if (student_layers < 2) {
    return invalid_usage(
        "a student of one layer has no inner hidden states; its last [CLS] vector is what "
        "--distillation-hidden-weight compares");
  }
  if (wish == "auto" && student_layers != teacher_layers) {
    return mapping_of_plan(student, student_layers, teacher_layers, teacher_id, teacher_weights_sha256);
  }
  LayerMapping mapping;
  if (wish == "auto" || wish == "uniform") {
    mapping.source = wish == "auto" ? "same depth" : "uniform";
    for (int64_t s = 0; s + 1 < student_layers; ++s) {
      mapping.pairs.push_back({s, ((s + 1) * teacher_layers + student_layers - 1) / student_layers - 1});
    }
    return mapping;
  }
  COPPICE_ASSIGN_OR_RETURN(const std::vector<int64_t> layers, parse_layers(wish, student_layers, teacher_layers));
  mapping.source = "given";
  for (size_t s = 0; s < layers.size(); ++s) mapping.pairs.push_back({static_cast<int64_t>(s), layers[s]});
  return mapping;
}

}  // namespace coppice::backend
