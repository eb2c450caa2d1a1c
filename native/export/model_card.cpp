#include "native/export/model_card.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

#include "native/export/card_text.h"

namespace coppice {
namespace {

using records::Manifest;

std::string fixed(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

// Three significant digits, without exponents for the sizes that occur here.
std::string rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return fixed(value, 0);
  const int digits = static_cast<int>(std::floor(std::log10(std::abs(value))));
  return fixed(value, digits >= 2 ? 0 : 2 - digits);
}

template <typename Unit>
std::string with_interval(const energy::Figure<Unit>& figure, const std::string& unit) {
  return rounded(figure.value.value()) + " " + unit + " (" + rounded(figure.low.value()) + " to " +
         rounded(figure.high.value()) + "), " + energy::to_string(figure.provenance.kind) + ": " +
         figure.provenance.method;
}

// By its last words a card is known as one of ours.
constexpr std::string_view kCardEnd = " from `manifest.json` and the records in `runs/`; not edited by hand.\n";

constexpr std::array<std::pair<const char*, const char*>, 9> kMetricNames = {{{"accuracy", "Accuracy"},
                                                                              {"precision", "Precision"},
                                                                              {"recall", "Recall"},
                                                                              {"f1", "F1"},
                                                                              {"macro_f1", "Macro F1"},
                                                                              {"roc_auc", "ROC AUC"},
                                                                              {"mcc", "Matthews correlation"},
                                                                              {"ece", "Expected calibration error"},
                                                                              {"brier", "Brier score"}}};

// Rounding to int8 makes about one weight in a hundred 0 (normal weights, the largest of a row at 3.5 standard
// deviations); that is no pruning.
constexpr double kZerosOfRounding = 0.05;

bool is_pruned(const Manifest& manifest) {
  const bool int8 = manifest.find_weights("onnx") != nullptr && manifest.find_weights("onnx")->dtype == "I8";
  const double zeros = static_cast<double>(manifest.parameters.encoder - manifest.parameters.encoder_nonzero);
  if (zeros > (int8 ? kZerosOfRounding * static_cast<double>(manifest.parameters.encoder) : 0)) return true;
  for (const records::PlanStep& step : manifest.plan) {
    if (step.kind == "prune") return true;
  }
  return false;
}

std::string front_matter(const Manifest& manifest) {
  const bool bert = manifest.architecture == records::Architecture::kBert;
  std::string text = "---\nlanguage: en\nlicense: apache-2.0\n";
  if (bert) text += "library_name: transformers.js\n";
  text += "pipeline_tag: text-classification\ntags:\n- sentiment-analysis\n";
  text += bert ? "- bert\n- onnx\n" : "- bag-of-words\n- logistic-regression\n";
  if (is_pruned(manifest)) text += "- pruning\n";
  const bool imdb = manifest.training_data && manifest.training_data->name == "imdb";
  if (imdb) text += "datasets:\n- stanfordnlp/imdb\n";
  // The hub refuses results without the data set they belong to.
  if (manifest.test_set && !manifest.metrics.empty()) {
    text += "model-index:\n- name: " + manifest.id + "\n  results:\n  - task:\n      type: text-classification\n";
    text += "    dataset:\n      type: " + manifest.test_set->name + "\n      name: " + manifest.test_set->name +
            "\n      split: " + manifest.test_set->split + "\n    metrics:\n";
    for (const char* name : {"accuracy", "f1", "precision", "recall"}) {
      const auto it = manifest.metrics.find(name);
      if (it != manifest.metrics.end()) {
        text += std::string("    - type: ") + name + "\n      value: " + fixed(it->second.value, 5) + "\n";
      }
    }
  }
  return text + "---\n\n";
}

std::string weights_rows(const Manifest& manifest) {
  std::string text;
  for (const records::WeightsFile& weights : manifest.weights) {
    const records::FileEntry* file = manifest.find_file(weights.path);
    text +=
        "| " + weights.path + " (" + weights.dtype + ") | " + grouped(file == nullptr ? 0 : file->bytes) + " bytes |\n";
  }
  return text;
}

std::string shape_text(const Manifest& manifest, const records::BertConfig& config) {
  std::string text = "BERT encoder with " + std::to_string(config.num_hidden_layers()) + " layers, hidden size " +
                     std::to_string(config.hidden_size);
  if (config.has_uneven_layers()) {
    text += "; heads and feed-forward width by layer:";
    for (const records::LayerShape& layer : config.layers) {
      text += " " + std::to_string(layer.num_attention_heads) + "/" + std::to_string(layer.intermediate_size);
    }
  } else {
    text += ", " + std::to_string(config.num_attention_heads) + " heads, feed-forward width " +
            std::to_string(config.intermediate_size);
  }
  text += ".\n\n| | |\n|---|---|\n| Parameters | " + grouped(manifest.parameters.total) +
          " |\n| of them in the encoder's matrices | " + grouped(manifest.parameters.encoder) +
          " |\n| of those not zero | " + grouped(manifest.parameters.encoder_nonzero) + " |\n";
  for (const auto& [tokens, flops] : manifest.encoder_flops) {
    text += "| Encoder operations for a review of " + std::to_string(tokens) + " tokens | " +
            rounded(static_cast<double>(flops) * 1e-9) + " GFLOP |\n";
  }
  return text + weights_rows(manifest);
}

std::string shape_text(const Manifest& manifest, const linear::LinearConfig& config) {
  const linear::FeatureOptions& features = config.features;
  std::string text = "A linear model: logistic regression over word 1- to " + std::to_string(features.max_ngram) +
                     "-grams. Its verdict is a sum of one weight for each n-gram that occurs";
  if (features.weighting == linear::Weighting::kSublinear) text += ", times 1 + ln(how often)";
  if (features.norm == linear::Norm::kL2) text += ", divided by the root of the sum of squares";
  text += ". N-grams are hashed to " + grouped(int64_t{1} << features.hash_bits) + " buckets; those that meet in one " +
          "share its weight. It knows no word order beyond the n-grams: the floor that a transformer has to beat.\n\n" +
          "| | |\n|---|---|\n| Parameters | " + grouped(manifest.parameters.total) + " |\n";
  return text + weights_rows(manifest);
}

std::string data_text(const records::DataShare& data) {
  std::string text = data.name + ", split " + data.split;
  if (data.examples) text += ", " + grouped(*data.examples) + " reviews";
  if (data.share) text += " (" + rounded(*data.share * 100) + " % of the split)";
  if (data.sha256) text += ", sha256 of the reviews `" + *data.sha256 + "`";
  return text;
}

std::string training_text(const Manifest& manifest) {
  if (manifest.training_data) return data_text(*manifest.training_data);
  const auto trains = [](const records::PlanStep& step) { return step.kind == "train" || step.kind == "tune"; };
  const bool untrained =
      manifest.parent_id && !manifest.plan.empty() && std::none_of(manifest.plan.begin(), manifest.plan.end(), trains);
  return untrained ? "none beyond that of `" + *manifest.parent_id + "`: no step here trains" : "not stated";
}

std::string making_text(const Manifest& manifest) {
  std::string text = "## How it was made\n\n";
  if (manifest.parent_id) text += "Made from `" + *manifest.parent_id + "`. ";
  if (manifest.plan.empty()) {
    text += "No run record states how.\n\n";
  } else {
    text += "Steps, each with its run record:\n\n";
    for (const records::PlanStep& step : manifest.plan) {
      text += "1. " + step.kind;
      const auto method = step.settings.find("method");
      if (method != step.settings.end() && method->is_string()) text += " by " + method->get<std::string>();
      text += " (`" + step.run + "`)\n";
    }
    text += "\n";
  }
  return text + "Training data: " + training_text(manifest) + ".\n\n";
}

std::string metrics_text(const Manifest& manifest) {
  if (manifest.metrics.empty()) return "## Evaluation\n\nNot evaluated on a test set.\n\n";
  std::string text = "## Evaluation\n\n";
  if (manifest.test_set) text += "On " + data_text(*manifest.test_set) + ".\n";
  if (manifest.evaluation && !manifest.evaluation->exact_weights) {
    text += "Evaluated before the export: with the weights from which this form was made.\n";
  }
  text += "\n| Metric | Value | 95 % interval |\n|---|---|---|\n";
  for (const auto& [name, title] : kMetricNames) {
    const auto it = manifest.metrics.find(name);
    if (it == manifest.metrics.end()) continue;
    text += std::string("| ") + title + " | " + fixed(it->second.value, 4) + " | ";
    text +=
        it->second.low ? fixed(*it->second.low, 4) + " to " + fixed(*it->second.high, 4) : std::string("not stated");
    text += " |\n";
  }
  return text + "\n";
}

// One row a measurement; what they share (method, machine) once below.
std::string inference_text(const std::vector<records::InferenceEnergy>& measurements, const char* unit) {
  if (measurements.empty()) return "";
  std::string text = "\nOne review by its length:\n\n| " + std::string(unit) +
                     " | Joules | Interval | Median time |\n|---|---|---|---|\n";
  std::vector<std::string> sources;
  for (const records::InferenceEnergy& entry : measurements) {
    const auto& figure = entry.energy_joules;
    text += "| " + std::to_string(entry.tokens) + " | " + rounded(figure.value.value()) + " | " +
            rounded(figure.low.value()) + " to " + rounded(figure.high.value()) + " | " +
            (entry.median_milliseconds ? rounded(*entry.median_milliseconds) + " ms" : std::string("not stated")) +
            " |\n";
    std::string source = std::string(energy::to_string(figure.provenance.kind)) + ": " + figure.provenance.method;
    if (entry.machine) source += ", on " + *entry.machine;
    if (std::find(sources.begin(), sources.end(), source) == sources.end()) sources.push_back(source);
  }
  for (const std::string& source : sources) text += "\n" + source + ".\n";
  return text;
}

std::string energy_text(const Manifest& manifest) {
  std::string text = "## Energy\n\n";
  if (manifest.making_energy && manifest.making_energy->energy_joules) {
    const records::MakingEnergy& making = *manifest.making_energy;
    text += "Making it (" + std::to_string(making.runs.size()) +
            " recorded runs; an export counts those of the folder that it read): " +
            with_interval(*making.energy_joules, "J") + ".\n";
    if (making.carbon_grams_co2e)
      text += "Emissions of that: " + with_interval(*making.carbon_grams_co2e, "g CO2e") + ".\n";
    if (!making.runs_without_figure.empty()) {
      text += std::to_string(making.runs_without_figure.size()) +
              " further runs hold no figure, so the sum is too small by theirs.\n";
    }
  } else {
    text += "Making it: no run record holds a figure.\n";
  }
  text += inference_text(manifest.inference_energy,
                         manifest.architecture == records::Architecture::kLinear ? "Words" : "Tokens");
  if (manifest.inference_energy.empty()) text += "\nEnergy of one inference: not measured for this folder.\n";
  return text + "\n";
}

std::string limits_text(const Manifest& manifest) {
  std::string text = "## Limits\n\n";
  text += "- Judges English film reviews as " + manifest.labels[0] + " or " + manifest.labels[1] +
          "; there is no neutral verdict, and other kinds of text are outside what it was trained for.\n";
  if (manifest.architecture == records::Architecture::kLinear) {
    text +=
        "- Reads the whole text, whatever its length, but as a bag of n-grams: sarcasm, and negation further away " +
        std::string("than the longest n-gram, are lost on it.\n");
  } else {
    text += "- Reads at most " + std::to_string(manifest.max_length) + " tokens. ";
    text += manifest.truncation == "head_tail"
                ? "Of a longer text Coppice keeps the first quarter and the last three quarters of that room; other "
                  "tools keep the beginning, which costs accuracy on long reviews.\n"
                : "Of a longer text it keeps the beginning.\n";
  }
  text += "- A probability is the model's own; how well it is calibrated is in the table above where it is stated.\n";
  text += "- Reviews are opinions of a few film-goers; the model repeats their habits of speech and their biases.\n\n";
  return text;
}

std::string use_text(const Manifest& manifest) {
  std::string text =
      "## Use\n\n```\ncoppice predict --model " + manifest.id + " --json \"A quiet, moving film.\"\n```\n";
  if (manifest.find_weights("onnx") != nullptr) {
    text +=
        "\nIn transformers.js, from a folder served beside the page:\n\n```js\n"
        "const classify = await pipeline('text-classification', '" +
        manifest.id + "', { dtype: 'fp32' });\nawait classify('A quiet, moving film.');\n```\n";
    text += std::string("\n(`fp32` names the file `onnx/model.onnx`; ") +
            (manifest.find_weights("onnx")->dtype == "I8"
                 ? "its matrices are int8, and what they are multiplied with is rounded to 8 bits at each run.)\n"
                 : "whatever form its weights are stored in, it computes in float32.)\n");
  }
  return text + "\nLicence: Apache-2.0. Made by Coppice " + manifest.program_version + std::string(kCardEnd);
}

template <typename Config>
std::string card(const Manifest& manifest, const Config& config, const std::vector<Comparison>& comparisons) {
  std::string text = front_matter(manifest);
  text += "# " + manifest.id + "\n\nA sentiment classifier for film reviews" +
          (is_pruned(manifest) ? std::string(", pruned") : std::string()) + ". ";
  text += shape_text(manifest, config) + "\n";
  return text + making_text(manifest) + metrics_text(manifest) + comparisons_text(comparisons, manifest) +
         energy_text(manifest) + limits_text(manifest) + use_text(manifest);
}

}  // namespace

std::string model_card(const Manifest& manifest, const records::BertConfig& config,
                       const std::vector<Comparison>& comparisons) {
  return card(manifest, config, comparisons);
}

std::string model_card(const Manifest& manifest, const linear::LinearConfig& config,
                       const std::vector<Comparison>& comparisons) {
  return card(manifest, config, comparisons);
}

bool is_model_card(std::string_view text) { return text.ends_with(kCardEnd); }

}  // namespace coppice
