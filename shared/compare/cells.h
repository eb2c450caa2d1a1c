// What each figure of a row says in words: the columns of the table in the page, and the lines of the cards.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "shared/compare/state.h"

namespace coppice::compare {

struct Column {
  const char* key;
  const char* title;
};

// In the order of the table: model, verdict, probability, tokens, time, ...
std::span<const Column> columns();

struct Cell {
  const char* key;
  std::string text;  // "–" where there is no figure
};

// One for each column, in that order.
std::vector<Cell> cells_of(const ModelRow& row, const State& state);

// What the comparison is doing, in one line: "Timing: run 7 of 12." Empty when there is nothing to say.
std::string status_line(const State& state);

// "ONNX Runtime Web 1.30.0 · WASM · 1 thread (page is not cross-origin isolated)"
std::string runtime_line(const Runtime& runtime);

}  // namespace coppice::compare
