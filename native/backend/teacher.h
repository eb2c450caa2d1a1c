// The teacher of a distillation: opened, checked against the student, and asked about the training reviews once.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "native/backend/commands.h"
#include "native/backend/energy_meter.h"
#include "native/data/review.h"
#include "native/train/distillation.h"
#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/text/tokenizer.h"

namespace coppice::backend {

struct Teacher {
  train::TeacherAnswers answers;
  // For the run record: {"model_id","weights_sha256","precision","answers"}, the last "asked in this run", whose phase
  // "teacher" is what that cost, or "of an earlier run", which is not in this run's energy.
  Json description;
};

// Answers are kept in --teacher-answers, else in `folder` (the run's checkpoints), so that a resumed run, or the
// recovery of another student on the same reviews, does not ask again. They are computed in the run's --precision.
// Refused: a teacher that treats case or accents otherwise or lacks words of the student's vocabulary (its answers
// would be about other texts), and one that cannot read `encoding.max_length` tokens.
Result<Teacher> ask_teacher(const cli::TrainOptions& options, const std::vector<data::Review>& reviews,
                            const std::string& reviews_sha256, const text::Tokenizer& student,
                            const text::EncodeOptions& encoding, const std::filesystem::path& folder,
                            model::WorkerPool& pool, EnergyMeter& meter, const Invocation& invocation);

}  // namespace coppice::backend
