// Times the tokenizer on one thread: every text of a file, once a pass. compare.py runs it in turn with its peer.
//
//   tokenizer_bench --vocab vocab.txt --texts reviews.jsonl [--passes N] [--warm-up N] [--no-offsets] [--ids-out FILE]
//
// reviews.jsonl: {"text": "..."} a line. Prints one JSON document; --ids-out writes all ids as int32, in order.
#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "native/io/file.h"
#include "shared/base/json.h"
#include "shared/text/tokenizer.h"

namespace coppice {
namespace {

struct Arguments {
  std::string vocab;
  std::string texts;
  std::string ids_out;
  int passes = 1;
  int warm_up = 1;
  bool no_offsets = false;
};

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Result<std::vector<std::string>> read_texts(const std::string& path) {
  COPPICE_ASSIGN_OR_RETURN(const std::string content, read_file(path));
  std::vector<std::string> texts;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    const std::string source = path + ", line " + std::to_string(texts.size() + 1);
    COPPICE_ASSIGN_OR_RETURN(const Json document,
                             parse_json(std::string_view(content).substr(begin, end - begin), source));
    JsonReader reader(document, source);
    texts.push_back(reader.string("text"));
    COPPICE_RETURN_IF_ERROR(reader.status());
    begin = end + 1;
  }
  return texts;
}

Status run(const Arguments& arguments) {
  COPPICE_ASSIGN_OR_RETURN(const std::string vocab_txt, read_file(arguments.vocab));
  COPPICE_ASSIGN_OR_RETURN(const std::vector<std::string> texts, read_texts(arguments.texts));
  const Clock::time_point create_start = Clock::now();
  COPPICE_ASSIGN_OR_RETURN(const text::Tokenizer tokenizer, text::Tokenizer::create(vocab_txt));
  const double create_seconds = seconds_since(create_start);

  const text::EncodeOptions options{.with_offsets = !arguments.no_offsets};
  text::Encoding encoding;
  uint64_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  uint64_t tokens = 0;
  Json pass_seconds = Json::array();
  for (int pass = -arguments.warm_up; pass < arguments.passes; ++pass) {
    tokens = 0;
    const Clock::time_point start = Clock::now();
    for (const std::string& text : texts) {
      tokenizer.encode_into(text, options, encoding);
      tokens += encoding.input_ids.size();
    }
    if (pass >= 0) pass_seconds.push_back(seconds_since(start));
  }
  if (!arguments.ids_out.empty()) {
    std::string ids;
    for (const std::string& text : texts) {
      tokenizer.encode_into(text, options, encoding);
      ids.append(reinterpret_cast<const char*>(encoding.input_ids.data()), encoding.input_ids.size() * sizeof(int32_t));
    }
    COPPICE_RETURN_IF_ERROR(write_file_atomically(arguments.ids_out, ids));
  }
  std::cout << dump_json(Json{{"texts", texts.size()},
                              {"bytes", bytes},
                              {"tokens", tokens},
                              {"offsets", !arguments.no_offsets},
                              {"create_seconds", create_seconds},
                              {"pass_seconds", pass_seconds}})
            << '\n';
  return {};
}

}  // namespace
}  // namespace coppice

int main(int argc, char** argv) {
  coppice::Arguments arguments;
  CLI::App app("Times the tokenizer on one thread", "tokenizer_bench");
  app.add_option("--vocab", arguments.vocab, "vocab.txt")->required();
  app.add_option("--texts", arguments.texts, "JSON Lines with \"text\"")->required();
  app.add_option("--ids-out", arguments.ids_out, "Write all ids as int32");
  app.add_option("--passes", arguments.passes, "Timed passes over the texts")->check(CLI::Range(1, 1000));
  app.add_option("--warm-up", arguments.warm_up, "Passes before, not timed")->check(CLI::Range(0, 1000));
  app.add_flag("--no-offsets", arguments.no_offsets, "Ids only");
  CLI11_PARSE(app, argc, argv);
  const coppice::Status status = coppice::run(arguments);
  if (!status.ok()) std::cerr << "tokenizer_bench: " << status.message() << '\n';
  return status.ok() ? 0 : 1;
}
