// coppice tokenize: JSON Lines of texts to JSON Lines of token ids, as a stream.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "native/cli/command.h"
#include "native/io/file.h"
#include "shared/base/json.h"
#include "shared/text/tokenizer.h"
#include "shared/text/tokenizer_config.h"
#include "shared/text/utf8.h"

namespace coppice::cli {
namespace {

struct TokenizeArguments {
  std::string vocab;
  std::string model;
  int max_length = 0;
  std::string truncation = "head";
  bool offsets = false;
  bool pieces = false;
};

// Standard output, gathered. The caller flushes before it waits for input, so that a program that sends one line and
// reads the answer does not hang.
class Output {
 public:
  std::string& buffer() { return buffer_; }
  Status flush() {
    std::string_view rest = buffer_;
    while (!rest.empty()) {
      const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed(std::string("standard output: cannot be written: ") + std::strerror(errno));
      rest.remove_prefix(static_cast<size_t>(written));
    }
    buffer_.clear();
    return {};
  }

 private:
  std::string buffer_;
};

// Calls on_line(std::string_view) for each line of standard input, without its newline, until it fails.
template <typename OnLine>
Status for_each_line(Output& output, OnLine&& on_line) {
  std::array<char, 1 << 16> chunk;
  std::string partial;  // a line that spans chunks
  for (;;) {
    COPPICE_RETURN_IF_ERROR(output.flush());
    const ssize_t got = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(std::string("standard input: cannot be read: ") + std::strerror(errno));
    if (got == 0) break;
    std::string_view rest(chunk.data(), static_cast<size_t>(got));
    for (size_t newline = rest.find('\n'); newline != std::string_view::npos; newline = rest.find('\n')) {
      if (partial.empty()) {
        COPPICE_RETURN_IF_ERROR(on_line(rest.substr(0, newline)));
      } else {
        partial.append(rest.substr(0, newline));
        COPPICE_RETURN_IF_ERROR(on_line(partial));
        partial.clear();
      }
      rest.remove_prefix(newline + 1);
    }
    partial.append(rest);
  }
  return partial.empty() ? Status() : on_line(partial);
}

Result<std::string> text_of_line(std::string_view line, const std::string& source) {
  if (const size_t bad = text::find_invalid_utf8(line); bad != std::string_view::npos) {
    return invalid_input(source + ": not UTF-8 at byte " + std::to_string(bad) + "; JSON is UTF-8");
  }
  COPPICE_ASSIGN_OR_RETURN(Json document, parse_json(line, source));
  JsonReader reader(document, source);
  std::string text = reader.string("text");
  COPPICE_RETURN_IF_ERROR(reader.status());
  return text;
}

void append_encoding(const text::Tokenizer& tokenizer, const text::Encoding& encoding,
                     const TokenizeArguments& arguments, std::string& out) {
  const auto list = [&](const char* name, size_t count, auto&& append_element) {
    out += name;
    for (size_t k = 0; k < count; ++k) {
      if (k > 0) out += ',';
      append_element(k);
    }
    out += ']';
  };
  const size_t count = encoding.input_ids.size();
  list("{\"ids\":[", count, [&](size_t k) { out += std::to_string(encoding.input_ids[k]); });
  out += ",\"tokens\":" + std::to_string(count);
  out += ",\"tokens_before_truncation\":" + std::to_string(encoding.tokens_before_truncation);
  out += encoding.truncated ? ",\"truncated\":true" : ",\"truncated\":false";
  if (arguments.offsets) {
    list(",\"offsets\":[", count, [&](size_t k) {
      out += '[' + std::to_string(encoding.offsets[k].begin) + ',' + std::to_string(encoding.offsets[k].end) + ']';
    });
  }
  if (arguments.pieces) {
    list(",\"pieces\":[", count,
         [&](size_t k) { out += dump_json(Json(std::string(tokenizer.token(encoding.input_ids[k])))); });
  }
  out += "}\n";
}

Result<text::Tokenizer> tokenizer_of_vocabulary(const std::string& path) {
  COPPICE_ASSIGN_OR_RETURN(const std::string vocab_txt, read_file(path));
  Result<text::Tokenizer> tokenizer = text::Tokenizer::create(vocab_txt);
  if (!tokenizer) return tokenizer.status().with_context(path);
  return tokenizer;
}

Result<text::Tokenizer> tokenizer_of_model(const std::filesystem::path& folder) {
  COPPICE_ASSIGN_OR_RETURN(const std::string vocab_txt, read_file(folder / "vocab.txt"));
  std::optional<std::string> config;
  std::optional<std::string> json;
  for (auto& [content, name] : {std::pair{&config, "tokenizer_config.json"}, std::pair{&json, "tokenizer.json"}}) {
    if (!std::filesystem::exists(folder / name)) continue;
    COPPICE_ASSIGN_OR_RETURN(*content, read_file(folder / name));
  }
  Result<text::Tokenizer> tokenizer = text::tokenizer_from_files({vocab_txt, config, json});
  if (!tokenizer) return tokenizer.status().with_context(folder.string());
  return tokenizer;
}

Status tokenize(const TokenizeArguments& arguments) {
  COPPICE_ASSIGN_OR_RETURN(const text::Truncation truncation, text::parse_truncation(arguments.truncation));
  Result<text::Tokenizer> tokenizer =
      arguments.model.empty() ? tokenizer_of_vocabulary(arguments.vocab) : tokenizer_of_model(arguments.model);
  if (!tokenizer) return tokenizer.status();
  const text::EncodeOptions options{
      .max_length = arguments.max_length, .truncation = truncation, .with_offsets = arguments.offsets};

  Output output;
  text::Encoding encoding;
  size_t line_number = 0;
  size_t empty_line = 0;  // allowed at the end only: elsewhere the answers would no longer match the lines
  const Status status = for_each_line(output, [&](std::string_view line) -> Status {
    ++line_number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
      if (empty_line == 0) empty_line = line_number;
      return {};
    }
    const size_t at = empty_line == 0 ? line_number : empty_line;
    const std::string source = "standard input, line " + std::to_string(at);
    if (empty_line != 0) return invalid_input(source + ": empty; expected an object such as {\"text\": \"...\"}");
    COPPICE_ASSIGN_OR_RETURN(const std::string text, text_of_line(line, source));
    tokenizer->encode_into(text, options, encoding);
    append_encoding(*tokenizer, encoding, arguments, output.buffer());
    return output.buffer().size() < (1U << 16) ? Status() : output.flush();
  });
  // What was read before a bad line has its answer.
  const Status flushed = output.flush();
  return status.ok() ? flushed : status;
}

}  // namespace

void add_tokenize(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("tokenize", "Token ids of texts (JSON Lines on standard input)");
  command->footer(
      "Input: JSON Lines, each an object with \"text\". Each line is answered by one, in the same order:\n"
      "  {\"ids\":[...],\"tokens\":N,\"tokens_before_truncation\":N,\"truncated\":false}\n"
      "Ids include [CLS] and [SEP]. At a line that cannot be read it stops with exit code 3 and names the line; the\n"
      "lines before it have been answered.\n");
  auto arguments = std::make_shared<TokenizeArguments>();
  CLI::Option* vocab = command->add_option("--vocab", arguments->vocab, "vocab.txt of an uncased BERT model");
  CLI::Option* model =
      command->add_option("--model", arguments->model, "Model folder: its vocab.txt and tokenizer settings");
  CLI::Option_group* source = command->add_option_group("vocabulary");
  source->add_options(vocab, model);
  source->require_option(1);
  command->add_option("--max-length", arguments->max_length, "Longest result, [CLS] and [SEP] included")
      ->check(CLI::Range(2, 1 << 30));
  command->add_option("--truncation", arguments->truncation, "What to keep of a longer text")
      ->check(CLI::IsMember({"head", "head_tail"}))
      ->capture_default_str();
  command->add_flag("--offsets", arguments->offsets,
                    "Add \"offsets\": the bytes [begin,end) of the text behind each id");
  command->add_flag("--pieces", arguments->pieces, "Add \"pieces\": the vocabulary's entry of each id");
  command->add_flag("--json")->description("Accepted for uniformity: the answer is always JSON Lines");
  command->callback([arguments, &outcome] { outcome.exit_code = report("tokenize", tokenize(*arguments)); });
}

}  // namespace coppice::cli
