// coppice tokenize, and what holds for the whole program.
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {
namespace {

const std::string kVocab = "--vocab tests/golden/bert_uncased_vocab.txt ";

ProgramResult tokenize(const std::string& arguments, const std::string& input) {
  return run_coppice("tokenize " + kVocab + arguments, input);
}

std::vector<Json> json_lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<Json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line, nullptr, false));
  return lines;
}

TEST(CoppiceProgram, HelpAndVersionSucceedAndWrongUsageIsTwo) {
  EXPECT_EQ(run_coppice("--version").out.substr(0, 8), "coppice ");
  for (const std::string help :
       {"--help", "tokenize --help", "train --help", "fetch --help", "fetch imdb --help", "track --help"}) {
    const ProgramResult result = run_coppice(help);
    EXPECT_EQ(result.exit_code, 0) << help;
    const std::string codes = "Exit codes: 0 done, 1 the work failed, 2 wrong usage, 3 bad input data";
    const size_t first = result.out.find(codes);
    EXPECT_NE(first, std::string::npos) << help;
    EXPECT_EQ(result.out.find(codes, first + 1), std::string::npos) << help << ": stated twice";
  }
  for (const std::string wrong : {"", "no-such-command", "--no-such-option", "tokenize", "tokenize --vocab",
                                  "tokenize --vocab a --model b", "tokenize --vocab a --max-length 1",
                                  "tokenize --vocab a --max-length many", "tokenize --vocab a --truncation tail"}) {
    const ProgramResult result = run_coppice(wrong);
    EXPECT_EQ(result.exit_code, 2) << wrong;
    EXPECT_EQ(result.out, "") << wrong;
    EXPECT_NE(result.err, "") << wrong;
  }
}

TEST(Tokenize, AnswersTheGoldensLineByLine) {
  std::string input;
  std::vector<Json> expected;
  for (const Json& golden : json_lines(file_content("tests/golden/tokenizer_golden.jsonl"))) {
    if (golden.value("quirk", false)) continue;
    input += dump_json(Json{{"text", golden["text"]}, {"other", 1}}) + "\n";
    expected.push_back(golden["ids"]);
  }
  const ProgramResult result = tokenize("", input);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::vector<Json> answers = json_lines(result.out);
  ASSERT_EQ(answers.size(), expected.size());
  for (size_t k = 0; k < answers.size(); ++k) {
    EXPECT_EQ(answers[k]["ids"], expected[k]) << "line " << k + 1;
    EXPECT_EQ(answers[k]["tokens"], expected[k].size());
    EXPECT_EQ(answers[k]["truncated"], false);
    EXPECT_FALSE(answers[k].contains("offsets"));
  }
}

TEST(Tokenize, TruncatesAndGivesOffsetsAndPieces) {
  const ProgramResult result = tokenize("--max-length 6 --truncation head_tail --offsets --pieces",
                                        "{\"text\":\"One two three four five six\"}\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "{\"ids\":[101,2028,2176,2274,2416,102],\"tokens\":6,\"tokens_before_truncation\":8,\"truncated\":true,"
            "\"offsets\":[[0,0],[0,3],[14,18],[19,23],[24,27],[0,0]],"
            "\"pieces\":[\"[CLS]\",\"one\",\"four\",\"five\",\"six\",\"[SEP]\"]}\n");
  EXPECT_EQ(tokenize("--max-length 4", "{\"text\":\"one two three\"}").out,
            "{\"ids\":[101,2028,2048,102],\"tokens\":4,\"tokens_before_truncation\":5,\"truncated\":true}\n");
}

TEST(Tokenize, ABadLineIsNamedAfterTheAnswersBeforeIt) {
  const std::string good = "{\"text\":\"a\"}\n";
  const std::string answer =
      "{\"ids\":[101,1037,102],\"tokens\":3,\"tokens_before_truncation\":3,\"truncated\":false}\n";
  for (const std::string& bad :
       {std::string("not JSON\n"), std::string("{\"txt\":\"a\"}\n"), std::string("{\"text\":5}\n"),
        std::string("[\"text\"]\n"), std::string("{\"text\":\"a\n"), std::string("\n"),
        std::string("{\"text\":\"\xff\"}\n"), std::string("{\"text\":\"\\ud800\"}\n"),
        std::string("{\"text\":\"\x01\"}\n"), std::string(1000, '[') + "\n"}) {
    const ProgramResult result = tokenize("", good + bad + good);
    EXPECT_EQ(result.exit_code, 3) << bad;
    EXPECT_EQ(result.out, answer) << bad;
    EXPECT_NE(result.err.find("line 2"), std::string::npos) << bad << result.err;
  }
  EXPECT_EQ(tokenize("", good + "\n \r\n").exit_code, 0);  // empty lines at the end are no texts
  EXPECT_EQ(tokenize("", "").out, "");
  EXPECT_EQ(tokenize("", good.substr(0, good.size() - 1)).out, answer);  // no final newline
}

TEST(Tokenize, LongAndEmptyTexts) {
  const std::string megabyte(1 << 20, 'x');
  const ProgramResult result =
      tokenize("", "{\"text\":\"" + megabyte + "\"}\n{\"text\":\"\"}\n{\"text\":\"\\u0000\\u0007\"}\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::vector<Json> answers = json_lines(result.out);
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0]["ids"], (Json{101, 100, 102}));
  EXPECT_EQ(answers[1]["ids"], (Json{101, 102}));
  EXPECT_EQ(answers[2]["ids"], (Json{101, 102}));
}

TEST(Tokenize, VocabulariesThatCannotBeReadAreBadInput) {
  const ScratchFolder folder;
  const std::string line = "{\"text\":\"a\"}\n";
  for (const std::string& path : {folder.write("empty", ""), folder.write("words", "hello\nworld\n"),
                                  (folder.path() / "absent").string(), folder.path().string()}) {
    const ProgramResult result = run_coppice("tokenize --vocab '" + path + "'", line);
    EXPECT_EQ(result.exit_code, 3) << path;
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find(path), std::string::npos) << result.err;
  }
}

TEST(Tokenize, AModelFolderBringsItsCasing) {
  const ScratchFolder folder;
  folder.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nA\na\n");
  const std::string call = "tokenize --model '" + folder.path().string() + "'";
  const std::string line = "{\"text\":\"A\"}\n";
  EXPECT_EQ(json_lines(run_coppice(call, line).out).at(0)["ids"], (Json{2, 6, 3}));
  folder.write("tokenizer_config.json", "{\"do_lower_case\":false}");
  EXPECT_EQ(json_lines(run_coppice(call, line).out).at(0)["ids"], (Json{2, 5, 3}));
  folder.write("tokenizer_config.json", "{\"tokenizer_class\":\"GPT2Tokenizer\"}");
  const ProgramResult other = run_coppice(call, line);
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_NE(other.err.find("GPT2Tokenizer"), std::string::npos);
}

TEST(Tokenize, AFullDiskIsReported) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const ProgramResult result = tokenize(">/dev/full", "{\"text\":\"a\"}\n");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("standard output"), std::string::npos);
}

// A program that writes one line and waits for its answer before the next must not hang.
TEST(Tokenize, AnswersBeforeTheNextLineIsWritten) {
  int to_child[2];
  int from_child[2];
  ASSERT_EQ(pipe(to_child), 0);
  ASSERT_EQ(pipe(from_child), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    dup2(to_child[0], STDIN_FILENO);
    dup2(from_child[1], STDOUT_FILENO);
    for (const int fd : {to_child[0], to_child[1], from_child[0], from_child[1]}) close(fd);
    execl(COPPICE_PROGRAM, "coppice", "tokenize", "--vocab", "tests/golden/bert_uncased_vocab.txt", nullptr);
    _exit(127);
  }
  close(to_child[0]);
  close(from_child[1]);
  alarm(60);  // ends the test program if the answer never comes
  for (int round = 0; round < 3; ++round) {
    const std::string line = "{\"text\":\"film\"}\n";
    ASSERT_EQ(write(to_child[1], line.data(), line.size()), static_cast<ssize_t>(line.size()));
    std::string answer;
    char c = 0;
    while (read(from_child[0], &c, 1) == 1 && c != '\n') answer += c;
    EXPECT_EQ(answer.substr(0, 21), "{\"ids\":[101,2143,102]");
  }
  alarm(0);
  close(to_child[1]);
  close(from_child[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace coppice::cli
