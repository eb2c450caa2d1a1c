// The power source that docs/adding.md adds, as it stands there: the lines between the marks are the document's.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

// [docs/adding.md: the source]
#include <optional>
#include <string>

#include "native/energy/source.h"

namespace coppice::energy {

// A meter at the wall that some other program writes to a file, in joules since it was plugged in.
class MeterFileSource : public EnergySource {
 public:
  explicit MeterFileSource(std::string path) : path_(std::move(path)), start_(read()) {}

  [[nodiscard]] Component component() const override { return Component::kCpu; }
  [[nodiscard]] std::string description() const override { return "wall meter " + path_; }
  void advance(const Sample&, const Sample&) override {
    const std::optional<double> now = read();
    if (now && start_ && *now >= *start_) joules_ = *now - *start_;  // a meter that went back says nothing
  }
  [[nodiscard]] std::optional<Figure<Joules>> total() const override {
    if (!joules_) return std::nullopt;  // absent, never 0
    const Joules joules(*joules_);
    return Figure<Joules>{joules, joules, joules, {ProvenanceKind::kMeasured, description()}};
  }

 private:
  [[nodiscard]] std::optional<double> read() const {
    std::ifstream file(path_);
    double joules = 0;
    return file >> joules ? std::optional(joules) : std::nullopt;
  }

  std::string path_;
  std::optional<double> start_;
  std::optional<double> joules_;
};

}  // namespace coppice::energy
// [end]

namespace coppice::energy {
namespace {

class AddedSource : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "coppice-meter-XXXXXX").string();
    const int file = mkstemp(name.data());
    ASSERT_GE(file, 0);
    ::close(file);
    path_ = name;
  }
  void TearDown() override { std::filesystem::remove(path_); }
  void show(const std::string& text) const { std::ofstream(path_) << text; }

  std::string path_;
};

TEST_F(AddedSource, TellsWhatWasAddedSinceItsStart) {
  show("1000");
  MeterFileSource meter(path_);
  EXPECT_FALSE(meter.total());
  show("1250.5");
  meter.advance({}, {});
  ASSERT_TRUE(meter.total());
  EXPECT_EQ(meter.total()->value.value(), 250.5);
  EXPECT_EQ(meter.total()->provenance.kind, ProvenanceKind::kMeasured);
}

TEST_F(AddedSource, IsAbsentWhereNothingCanBeRead) {
  MeterFileSource gone(path_ + ".gone");
  gone.advance({}, {});
  EXPECT_FALSE(gone.total());
  show("5 J");
  MeterFileSource back(path_);
  show("3");
  back.advance({}, {});
  EXPECT_FALSE(back.total());
}

}  // namespace
}  // namespace coppice::energy
