// .codecarbon.config as Python's configparser reads it.
#include "native/energy/settings.h"

#include <gtest/gtest.h>

namespace coppice::energy {
namespace {

std::string value(const std::string& text, const std::string& key) {
  const auto settings = parse_codecarbon_config(text, "file");
  if (!settings) return "error: " + settings.status().message();
  const auto found = settings->find(key);
  return found == settings->end() ? "absent" : found->second.value;
}

TEST(CodecarbonConfig, ReadsTheDialectOfConfigparser) {
  EXPECT_EQ(value("[codecarbon]\n  region = a\n  pue = 1.2\n", "pue"), "1.2");  // indented alike: no continuation
  EXPECT_EQ(value("[codecarbon]\nproject_name = two\n  lines\n", "project_name"), "two\nlines");
  EXPECT_EQ(value("[codecarbon]\nproject_name = a = b : c ; no comment\n", "project_name"), "a = b : c ; no comment");
  EXPECT_EQ(value("; c\n[codecarbon]\n# c\nPUE: 1.5\n", "pue"), "1.5");
  EXPECT_EQ(value("[codecarbon]\npue =\n", "pue"), "");
  EXPECT_EQ(value("[DEFAULT]\nregion = d\npue = 2\n[codecarbon]\npue = 3\n", "region"), "d");
  EXPECT_EQ(value("[DEFAULT]\nregion = d\npue = 2\n[codecarbon]\npue = 3\n", "pue"), "3");
  EXPECT_EQ(value("[DEFAULT]\nregion = d\n", "region"), "absent");
  EXPECT_EQ(value("[other]\nregion = d\n[codecarbon]\n", "region"), "absent");
  EXPECT_EQ(value("[ codecarbon ]\nregion = d\n", "region"), "absent");
  EXPECT_EQ(value("[codecarbon]\na = 100 %%\nproject_name = %(a)s of %(b)s\nb = x\n", "project_name"), "100 % of x");
  EXPECT_EQ(value("", "region"), "absent");
}

TEST(CodecarbonConfig, WhatConfigparserRefusesIsRefusedWithItsLine) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"region = a\n", "file, line 1: expected a section"},
      {"[codecarbon]\nregion\n", "file, line 2: expected key = value"},
      {"[codecarbon]\n= a\n", "line 2: expected key = value"},
      {"[codecarbon]\nregion = a\nRegion = b\n", "line 3: the key region is there twice"},
      {"[codecarbon]\n[codecarbon]\n", "line 2: the section [codecarbon] is there twice"},
      {"[]\n", "line 1: expected [section]"},
      {"[codecarbon]\na = 50 %\n", "file: a: a % stands for another key"},
      {"[codecarbon]\na = %(b)s\n", "%(b)s: there is no such key"},
      {"[codecarbon]\na = %(b)s\nb = %(a)s\n", "circle"},
  };
  for (const auto& broken : cases) {
    EXPECT_NE(value(broken.text, "a").find(broken.message), std::string::npos) << value(broken.text, "a");
  }
}

}  // namespace
}  // namespace coppice::energy
