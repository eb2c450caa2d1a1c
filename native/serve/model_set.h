// The models that a server judges with: those of a catalogue's folder.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "native/serve/batcher.h"
#include "shared/base/status.h"

namespace coppice::serve {

// Reads catalog.json and each model's folder beside it, in the catalogue's order. Any fault is an error that names the
// file: a server must not start with fewer models than it was asked for.
Result<std::vector<std::unique_ptr<Classifier>>> open_models(const std::filesystem::path& folder);

class ModelSet {
 public:
  ModelSet() = default;
  ModelSet(std::vector<std::unique_ptr<Classifier>> classifiers, const BatchLimits& limits,
           const std::function<void(size_t)>& on_run);

  [[nodiscard]] bool empty() const { return batchers_.empty(); }
  [[nodiscard]] const std::vector<std::unique_ptr<Batcher>>& all() const { return batchers_; }
  [[nodiscard]] Batcher* find(std::string_view id) const;  // nullptr if there is none

 private:
  std::vector<std::unique_ptr<Batcher>> batchers_;
};

}  // namespace coppice::serve
