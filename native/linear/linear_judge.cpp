#include "native/linear/linear_judge.h"

#include <algorithm>
#include <numeric>

#include "native/linear/linear_folder.h"
#include "native/linear/parallel.h"

namespace coppice::linear {
namespace {

// Reviews between two looks at the clock and at Ctrl-C.
constexpr size_t kBatch = 2000;

class LinearJudge : public backend::Judge {
 public:
  LinearJudge(LinearFolder folder, int threads) : folder_(std::move(folder)), threads_(threads) {}

  [[nodiscard]] const records::Manifest& manifest() const override { return folder_.manifest; }
  [[nodiscard]] const std::string& weights_sha256() const override { return folder_.weights_sha256; }
  [[nodiscard]] const char* engine() const override { return "core"; }
  [[nodiscard]] std::string arithmetic() const override { return {}; }
  [[nodiscard]] const text::Tokenizer* tokenizer() const override { return nullptr; }

  Result<backend::Judged> judge(const std::vector<data::Review>& reviews, const backend::Watch& watch) override {
    const size_t count = reviews.size();
    backend::Judged judged;
    judged.logits.resize(count);
    std::vector<int64_t> words(count);
    for (size_t start = 0; start < count; start += kBatch) {
      const size_t size = std::min(kBatch, count - start);
      in_parallel(threads_, size, [&](size_t begin, size_t end) {
        for (size_t i = start + begin; i < start + end; ++i) {
          const Judgement judgement = folder_.model.judge(reviews[i].text);
          judged.logits[i] = judgement.logits;
          words[i] = judgement.words;
        }
      });
      if (watch.interrupted->load()) return backend::stopped_after(start + size, count);
      watch.progress(start + size);
    }
    judged.tokens = std::accumulate(words.begin(), words.end(), int64_t{0});
    return judged;
  }

  Result<backend::Verdict> judge_one(const std::string& text) override {
    const Judgement judgement = folder_.model.judge(text);
    return backend::Verdict{judgement.logits, judgement.words, false};
  }

 private:
  LinearFolder folder_;
  int threads_;
};

}  // namespace

Result<std::unique_ptr<backend::Judge>> open_linear_judge(const std::string& path, int threads) {
  COPPICE_ASSIGN_OR_RETURN(LinearFolder folder, open_linear(path));
  return std::unique_ptr<backend::Judge>(std::make_unique<LinearJudge>(std::move(folder), threads));
}

}  // namespace coppice::linear
