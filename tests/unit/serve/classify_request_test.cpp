#include "native/serve/classify_request.h"

#include <gtest/gtest.h>

namespace coppice::serve {
namespace {

using Strings = std::vector<std::string>;

TEST(ClassifyRequest, ReadsOneOrManyTextsAndModels) {
  const auto one = parse_classify_request(R"({"text":"fine","model":"a"})", {});
  ASSERT_TRUE(one.ok()) << one.status().message();
  EXPECT_EQ(one->texts, Strings{"fine"});
  EXPECT_EQ(one->models, Strings{"a"});
  const auto many = parse_classify_request(R"( {"models":["b","a"], "texts":["x\u00e9\n","y"]} )", {});
  ASSERT_TRUE(many.ok()) << many.status().message();
  EXPECT_EQ(many->texts, (Strings{"x\xC3\xA9\n", "y"}));
  EXPECT_EQ(many->models, (Strings{"b", "a"}));
  EXPECT_TRUE(parse_classify_request(R"({"text":"x"})", {})->models.empty());
  EXPECT_FALSE(parse_classify_request(R"({"text":"x"})", {})->include_usage);
  EXPECT_TRUE(parse_classify_request(R"({"include_usage":true,"text":"x"})", {})->include_usage);
  EXPECT_FALSE(parse_classify_request(R"({"text":"x","include_usage":false})", {})->include_usage);
}

TEST(ClassifyRequest, EachFaultIsNamed) {
  const struct {
    std::string body;
    const char* message;
  } cases[] = {
      {"", "not valid JSON in UTF-8 at byte"},
      {"{", "not valid JSON"},
      {R"({"text":"x"} extra)", "not valid JSON"},
      {R"({"text":"x",})", "not valid JSON"},
      {"{\"text\":\"\xff\"}", "not valid JSON in UTF-8"},
      {"{\"text\":\"\xed\xa0\x80\"}", "UTF-8"},  // a surrogate
      {R"({"text":"\ud800"})", "not valid JSON"},
      {"[]", "expected an object, found an array"},
      {"\"x\"", "expected an object, found a string"},
      {"null", "expected an object, found null"},
      {"{}", "no text; expected"},
      {R"({"texts":[]})", "no text"},
      {R"({"text":1})", "text: expected a string, found a number"},
      {R"({"text":["x"]})", "text: expected a string, found an array"},
      {R"({"text":{"a":1}})", "text: expected a string, found an object"},
      {R"({"texts":"x"})", "texts: expected an array of strings, found a string"},
      {R"({"texts":["x",null]})", "texts: expected a string, found null"},
      {R"({"texts":[["x"]]})", "texts: expected a string, found an array"},
      {R"({"text":""})", "text: a string is empty"},
      {R"({"texts":["x",""]})", "texts: a string is empty"},
      {R"({"text":"x","texts":["y"]})", "text and texts together"},
      {R"({"text":"x","model":"a","models":["b"]})", "model and models together"},
      {R"({"text":"x","models":[]})", "models: is empty"},
      {R"({"text":"x","text":"y"})", "text: is there twice"},
      {R"({"text":"x","Model":"a"})", "\"Model\" is no member"},
      {R"({"text":"x","include_usage":"true"})", "include_usage: expected true or false, found a string"},
      {R"({"text":"x","include_usage":1})", "include_usage: expected true or false, found a number"},
      {R"({"text":"x","include_usage":[true]})", "include_usage: expected true or false, found an array"},
      {R"({"text":"x","include_usage":null})", "include_usage: expected true or false, found null"},
      {R"({"text":"x","include_usage":true,"include_usage":true})", "include_usage: is there twice"},
      {R"({"texts":[true]})", "texts: expected a string, found true or false"},
      {R"({"text":"x","model":true})", "model: expected a string, found true or false"},
  };
  for (const auto& wrong : cases) {
    const auto request = parse_classify_request(wrong.body, {});
    ASSERT_FALSE(request.ok()) << wrong.body;
    EXPECT_EQ(request.status().code(), StatusCode::kInvalidInput);
    EXPECT_NE(request.status().message().find(wrong.message), std::string::npos)
        << wrong.body << ": " << request.status().message();
  }
}

TEST(ClassifyRequest, LimitsHold) {
  ClassifyLimits limits;
  limits.texts = 2;
  limits.models = 1;
  limits.text_bytes = 4;
  limits.body_bytes = 100;
  EXPECT_TRUE(parse_classify_request(R"({"texts":["1234","x"]})", limits).ok());
  EXPECT_FALSE(parse_classify_request(R"({"texts":["12345","x"]})", limits).ok());
  EXPECT_FALSE(parse_classify_request(R"({"texts":["1","2","3"]})", limits).ok());
  EXPECT_FALSE(parse_classify_request(R"({"text":"1","models":["a","b"]})", limits).ok());
  EXPECT_FALSE(parse_classify_request("{\"text\":\"1\"}" + std::string(100, ' '), limits).ok());
}

TEST(ClassifyRequest, NestingIsRefusedAtOnce) {
  const std::string deep(1'000'000, '[');
  const auto request = parse_classify_request("{\"texts\":" + deep, {.body_bytes = 2'000'000});
  EXPECT_NE(request.status().message().find("found an array"), std::string::npos);
}

TEST(ClassifyRequest, ALongUnknownNameIsCutBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 30; ++i) name += "\xE2\x82\xAC";
  const auto request = parse_classify_request("{\"" + name + "\":1}", {});
  EXPECT_EQ(request.status().message().find('"' + name.substr(0, 39) + '"'), 0U) << request.status().message();
}

}  // namespace
}  // namespace coppice::serve
