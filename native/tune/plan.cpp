#include "native/tune/plan.h"

#include <algorithm>

#include "native/io/file.h"
#include "shared/records/schema.h"

namespace coppice::tune {
namespace {

namespace fs = std::filesystem;

// Threads do not change a result (the backend's sums have a fixed order), so a sweep may go on with another number.
std::vector<std::string> without_threads(const std::vector<std::string>& arguments) {
  std::vector<std::string> rest;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].rfind("--threads=", 0) == 0) continue;
    if (arguments[i] == "--threads") {
      ++i;
      continue;
    }
    rest.push_back(arguments[i]);
  }
  return rest;
}

Json halving_json(const Plan& plan) {
  return {{"eta", plan.eta}, {"rung_reviews", plan.rungs}, {"candidates", plan.candidates.size()}};
}

std::string id_of(const Plan& plan) {
  Json identity;
  identity["method"] = to_string(plan.method);
  identity["space"] = Json(to_json(plan.space));
  identity["seed"] = plan.seed;
  identity["settings"] = Json(plan.settings);
  identity["settings"]["train_arguments"] =
      without_threads(plan.settings["train_arguments"].get<std::vector<std::string>>());
  // A longer random or grid sweep only adds trials; with halving the number decides who goes on.
  if (!plan.rungs.empty()) identity["halving"] = halving_json(plan);
  return sha256_hex(dump_json(identity)).substr(0, 16);
}

Status draw_candidates(size_t trials, Plan& plan) {
  const bool random = plan.method == Method::kRandom || (plan.method == Method::kHalving && trials > 0);
  if (random) {
    COPPICE_ASSIGN_OR_RETURN(plan.candidates, sample(plan.space, plan.seed, trials));
  } else {
    COPPICE_ASSIGN_OR_RETURN(plan.candidates, grid(plan.space));
  }
  return {};
}

std::vector<RankedTrial> trials_of_rung(const Plan& plan, std::optional<size_t> rung,
                                        const std::vector<int64_t>& candidates) {
  std::vector<RankedTrial> trials;
  for (const int64_t candidate : candidates) {
    Trial trial{candidate, std::nullopt, std::nullopt, plan.candidates[static_cast<size_t>(candidate)]};
    if (rung) {
      trial.rung = static_cast<int64_t>(*rung);
      trial.reviews = plan.rungs[*rung];
    }
    trials.push_back({std::move(trial), {}});
  }
  return trials;
}

Status check_same_reviews(const std::vector<RankedTrial>& trials) {
  const RankedTrial* first = nullptr;
  const RankedTrial* first_of_rung = nullptr;
  for (const RankedTrial& entry : trials) {
    if (entry.result.state != TrialState::kFinished) continue;
    if (first == nullptr) first = &entry;
    if (first_of_rung == nullptr || first_of_rung->trial.rung != entry.trial.rung) first_of_rung = &entry;
    const bool validation = entry.result.validation_sha256 != first->result.validation_sha256;
    if (validation || entry.result.training_sha256 != first_of_rung->result.training_sha256) {
      return invalid_input("trial " + entry.trial.id() + " was " + (validation ? "validated" : "trained") +
                           " on other reviews than trial " + (validation ? first : first_of_rung)->trial.id() +
                           "; their scores cannot be compared. Use the same --data, or another --output.");
    }
  }
  return {};
}

void find_winner(Survey& survey) {
  for (size_t i = 0; i < survey.trials.size(); ++i) {
    const RankedTrial& entry = survey.trials[i];
    if (entry.result.state != TrialState::kFinished) continue;
    if (survey.winner) {
      const RankedTrial& best = survey.trials[*survey.winner];
      const bool same_rung = entry.trial.rung == best.trial.rung;
      if (same_rung && !better(entry.trial, entry.result, best.trial, best.result)) continue;
    }
    survey.winner = i;  // later rungs come later in the list
  }
}

}  // namespace

Result<Method> parse_method(const std::string& name) {
  for (const Method method : {Method::kGrid, Method::kRandom, Method::kHalving}) {
    if (name == to_string(method)) return method;
  }
  return invalid_usage("method \"" + name + "\": expected grid, random or halving");
}

const char* to_string(Method method) {
  switch (method) {
    case Method::kGrid:
      return "grid";
    case Method::kRandom:
      return "random";
    case Method::kHalving:
      return "halving";
  }
  return "grid";
}

Result<Plan> make_plan(const PlanOptions& options) {
  if (options.method == Method::kRandom && options.trials == 0) {
    return invalid_usage("--method random needs --trials N");
  }
  if (options.space.has("sparsity") != options.prune_first) {
    return invalid_usage(options.prune_first ? "--prune-from needs --sparsity"
                                             : "--sparsity needs --prune-from DENSE_MODEL in place of --base");
  }
  Plan plan;
  plan.method = options.method;
  plan.space = options.space;
  plan.seed = options.seed;
  plan.settings["base"] = options.base_name;
  plan.settings["base_weights_sha256"] = options.base_weights_sha256;
  plan.settings["prune_first"] = options.prune_first;
  plan.settings["train_arguments"] = options.train_arguments;
  COPPICE_RETURN_IF_ERROR(draw_candidates(options.trials, plan));
  if (options.method == Method::kHalving) {
    plan.eta = options.halving.eta;
    COPPICE_ASSIGN_OR_RETURN(plan.rungs, rung_reviews(options.halving, options.most_reviews));
    plan.settings["random_candidates"] = options.trials > 0;
  }
  plan.id = id_of(plan);
  return plan;
}

Result<Plan> parse_plan(std::string_view bytes, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(bytes, source));
  COPPICE_RETURN_IF_ERROR(records::check_schema_version(document, kSweepVersion, source));
  JsonReader reader(document, source);
  Plan plan;
  const std::string id = reader.string("sweep_id");
  const std::string method = reader.string("method");
  plan.seed = static_cast<uint64_t>(reader.integer("seed"));
  const int64_t candidates = reader.integer("candidates");
  const Json& space = reader.at("space");
  const Json& settings = reader.at("settings");
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_ASSIGN_OR_RETURN(plan.method, parse_method(method));
  COPPICE_ASSIGN_OR_RETURN(std::vector<Axis> axes, parse_space_file(dump_json(space), source + ": space"));
  COPPICE_ASSIGN_OR_RETURN(plan.space, make_space(std::move(axes)));
  JsonReader settings_reader(settings, source + ": settings");
  plan.settings["base"] = settings_reader.string("base");
  plan.settings["base_weights_sha256"] = settings_reader.string("base_weights_sha256");
  plan.settings["prune_first"] = settings_reader.boolean("prune_first");
  plan.settings["train_arguments"] = settings_reader.strings("train_arguments");
  const bool random = settings_reader.boolean_or("random_candidates", plan.method == Method::kRandom);
  if (plan.method == Method::kHalving) {
    plan.settings["random_candidates"] = random;
    JsonReader halving(reader.at("halving"), source + ": halving");
    plan.eta = halving.integer("eta");
    plan.rungs = halving.integers("rung_reviews");
    COPPICE_RETURN_IF_ERROR(halving.status());
    if (plan.eta < 2 || plan.rungs.empty()) return invalid_input(source + ": halving: no rungs, or an eta under 2");
  }
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_RETURN_IF_ERROR(settings_reader.status());
  if (candidates < 1) return invalid_input(source + ": candidates: expected at least 1");
  COPPICE_RETURN_IF_ERROR(draw_candidates(random ? static_cast<size_t>(candidates) : 0, plan));
  plan.id = id_of(plan);
  if (plan.id != id || static_cast<int64_t>(plan.candidates.size()) != candidates) {
    return invalid_input(source + ": sweep_id is " + id + " but its space and settings give " + plan.id +
                         "; the file was altered, or written by another version");
  }
  return plan;
}

Result<Survey> survey(const Plan& plan, const fs::path& output) {
  Survey result;
  std::vector<int64_t> candidates(plan.candidates.size());
  for (size_t i = 0; i < candidates.size(); ++i) candidates[i] = static_cast<int64_t>(i);
  const size_t rungs = std::max<size_t>(1, plan.rungs.size());
  for (size_t rung = 0; rung < rungs; ++rung) {
    std::vector<RankedTrial> trials =
        trials_of_rung(plan, plan.rungs.empty() ? std::nullopt : std::optional(rung), candidates);
    for (RankedTrial& entry : trials) {
      COPPICE_ASSIGN_OR_RETURN(entry.result, read_trial_result(output / "trials" / entry.trial.id(), plan.id));
      const TrialState state = entry.result.state;
      if (state != TrialState::kFinished && state != TrialState::kFailed) result.open.push_back(result.trials.size());
      result.trials.push_back(entry);
    }
    if (!result.open.empty()) break;
    candidates = promote(trials, std::max<int64_t>(2, plan.eta));
    result.complete = rung + 1 == rungs || candidates.empty();
    if (result.complete) break;
  }
  COPPICE_RETURN_IF_ERROR(check_same_reviews(result.trials));
  find_winner(result);
  return result;
}

Status write_sweep(const fs::path& output, const OrderedJson& sweep) {
  return write_file_atomically(output / kSweepFileName, dump_json(sweep, 1) + "\n");
}

}  // namespace coppice::tune
