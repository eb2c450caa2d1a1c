// What the stand-ins for coppice-torch share (tests/unit/tune, tests/unit/lifecycle): the words they are called with,
// the wishes of the test that calls them, and the parts of a run that look alike.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "shared/base/json.h"

namespace coppice::stand_in {

struct Call {
  std::string command;
  std::string words;  // what follows the command, each with a space before it
  std::multimap<std::string, std::string> options;
  bool resume = false;
  [[nodiscard]] std::string text(const std::string& name) const;  // of its first use; empty: not given
  [[nodiscard]] double number(const std::string& name, double fallback) const;
};

// Notes the call in the file that the variable `log` names, and lets SIGINT and SIGTERM end a hang(). argc >= 2.
Call begin(int argc, char** argv, const char* log);

// True if `wishes`, words separated by spaces, has the word `what`, or what=VALUE with a value that `meant` takes.
bool has_wish(const char* wishes, const std::string& what, const std::function<bool(const std::string&)>& meant);

// A checkpoint in `output`; returns when the process is asked to stop.
void hang(const std::filesystem::path& output);

// config.json, weights and vocabulary, where they are there and not in place already.
void copy_model(const std::filesystem::path& from, const std::filesystem::path& to);

Json made_up_joules(double joules);

}  // namespace coppice::stand_in
