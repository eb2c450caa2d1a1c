// A comparison of two models with a finished verdict, and a driver that answers what runs beside it: each word counts
// what the test says.
#pragma once

#include <functional>

#include "shared/compare/side_messages.h"
#include "tests/unit/compare/fixture.h"

namespace coppice::compare {

class SideDriver : public Driver {
 public:
  // Logit difference of a run, by model and ids.
  std::function<double(const Request&)> margin = [](const Request&) { return 1.0; };

  // Compares `text` to its end with one repeat; the models are dense and small, both ready.
  void compare(const std::string& text) {
    ASSERT_TRUE(comparison.set_repeats(1).ok());
    Request run = start_loaded(text);
    for (;;) {
      answer(run);
      const std::vector<Request> next = take();
      if (next.empty()) break;
      ASSERT_EQ(next.size(), 1U);
      run = next[0];
    }
    ASSERT_EQ(comparison.state().phase, RunPhase::kDone);
  }

  void answer(const Request& run) { comparison.run_done(run.id, {0.0, margin(run)}, 5.0); }

  // Answers one run after another until none is asked for; returns their models' first letters, in order.
  std::string answer_all() {
    std::string order;
    for (std::vector<Request> next = take(); !next.empty(); next = take()) {
      EXPECT_EQ(next.size(), 1U) << "one run at a time";
      EXPECT_EQ(next[0].kind, RequestKind::kSideRun);
      order += next[0].model[0];
      answer(next[0]);
    }
    return order;
  }

  const SideWork& side() const { return comparison.side(); }

  Json ask(const std::string& question) {
    const Result<std::string> answer = answer_question("{\"ask\":\"" + question + "\"}", comparison);
    EXPECT_TRUE(answer.ok()) << answer.status().message();
    return answer.ok() ? *parse_json(*answer, question) : Json();
  }
};

}  // namespace coppice::compare
