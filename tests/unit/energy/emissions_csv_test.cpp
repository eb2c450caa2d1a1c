#include "native/energy/emissions_csv.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>

#include "native/energy/prometheus.h"
#include "native/energy/settings.h"
#include "tests/unit/energy/fake_system.h"

namespace coppice::energy {
namespace {

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::array<std::string, 38> cells_with(const std::string& run_id) {
  std::array<std::string, 38> cells;
  cells[1] = "a \"quoted\", project";
  cells[2] = run_id;
  return cells;
}

constexpr char kHeader[] =
    "timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,"
    "cpu_energy,gpu_energy,ram_energy,energy_consumed,water_consumed,country_name,country_iso_code,region,"
    "cloud_provider,cloud_region,os,python_version,codecarbon_version,cpu_count,cpu_model,gpu_count,gpu_model,"
    "longitude,latitude,ram_total_size,tracking_mode,cpu_utilization_percent,gpu_utilization_percent,"
    "ram_utilization_percent,ram_used_gb,on_cloud,pue,wue";

TEST(EmissionsCsv, HasCodecarbonsColumnsInItsOrder) {
  const FakeSystem folder;
  const auto path = folder.paths.proc.parent_path() / "emissions.csv";
  ASSERT_TRUE(append_emissions(path, cells_with("r1")).ok());
  ASSERT_TRUE(append_emissions(path, cells_with("r2")).ok());
  const auto lines = lines_of(read_all(path));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], kHeader);
  EXPECT_EQ(lines[1].rfind(",\"a \"\"quoted\"\", project\",r1,,,,,", 0), 0U) << lines[1];
  EXPECT_EQ(std::count(lines[1].begin(), lines[1].end(), ','), 38);  // 37 between the columns, one in the name
}

TEST(EmissionsCsv, CellsHoldCodecarbonsUnits) {
  EnergyReport report;
  report.pue = 2.0;
  report.total.duration = Seconds(10);
  const Figure<Joules> cpu{from_kwh(0.5), from_kwh(0.4), from_kwh(0.6), {}};
  report.components.push_back({Component::kCpu, "test", cpu});
  report.total.energy = cpu;
  report.total.emissions = emissions_of(cpu, GramsPerKwh(100), "test");
  report.intensity = Intensity{GramsPerKwh(100), Resolved::kCountry, "France", "test", 2024, ""};
  EmissionsRow row;
  row.place.country = "fra";
  row.version = "1.2";
  row.wue_litres_per_kwh = 3.0;
  const auto cells = emissions_cells(row, report);
  const auto cell = [&](const std::string& name) -> std::string {
    for (size_t i = 0; i < cells.size(); ++i) {
      if (name == kEmissionsColumns[i]) return cells[i];
    }
    return "no such column";
  };
  EXPECT_EQ(cell("cpu_energy"), "0.5");
  EXPECT_EQ(cell("energy_consumed"), "0.5");
  EXPECT_EQ(cell("emissions"), "0.05");
  EXPECT_EQ(cell("emissions_rate"), "0.005");
  EXPECT_EQ(cell("cpu_power"), "180000");  // both hold the PUE, as in CodeCarbon 3.3.2
  EXPECT_EQ(cell("water_consumed"), "1.5");
  EXPECT_EQ(cell("gpu_energy"), "");  // unknown is empty, not 0
  EXPECT_EQ(cell("ram_power"), "");
  EXPECT_EQ(cell("country_iso_code"), "FRA");
  EXPECT_EQ(cell("country_name"), "France");
  EXPECT_EQ(cell("codecarbon_version"), "coppice 1.2");
  EXPECT_EQ(cell("on_cloud"), "N");
}

TEST(EmissionsCsv, ACloudRegionTellsItsCountry) {
  EmissionsRow row;
  row.place.cloud_provider = "gcp";
  row.place.cloud_region = "europe-west9";
  const auto cells = emissions_cells(row, EnergyReport());
  EXPECT_EQ(cells[15], "France");
  EXPECT_EQ(cells[16], "FRA");
  EXPECT_EQ(cells[35], "Y");
  row.place.cloud_region = "nowhere1";
  EXPECT_EQ(emissions_cells(row, EnergyReport())[16], "");
}

TEST(EmissionsCsv, FollowsTheOrderOfAnExistingFile) {
  const FakeSystem folder;
  const auto path = folder.paths.proc.parent_path() / "emissions.csv";
  std::string reversed;
  for (size_t i = kEmissionsColumns.size(); i-- > 0;)
    reversed += std::string(kEmissionsColumns[i]) + (i ? "," : "\r\n");
  folder.write(path, reversed);
  ASSERT_TRUE(append_emissions(path, cells_with("r1")).ok());
  const auto lines = lines_of(read_all(path));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(lines[1].find(",r1,\"a \"\"quoted\"\", project\","), std::string::npos) << lines[1];
}

TEST(EmissionsCsv, SetsAFileWithOtherColumnsAside) {
  const FakeSystem folder;
  const auto path = folder.paths.proc.parent_path() / "emissions.csv";
  for (int i = 0; i < 2; ++i) {
    folder.write(path, "timestamp,project_name\nold,file\n");
    ASSERT_TRUE(append_emissions(path, cells_with("r1")).ok());
    EXPECT_EQ(lines_of(read_all(path)).size(), 2U);
  }
  EXPECT_EQ(read_all(path.string() + ".bak"), "timestamp,project_name\nold,file\n");
  EXPECT_EQ(read_all(path.string() + ".bak1"), "timestamp,project_name\nold,file\n");
}

TEST(EmissionsCsv, ARowCutOffByAnotherProgramDoesNotSwallowTheNext) {
  const FakeSystem folder;
  const auto path = folder.paths.proc.parent_path() / "emissions.csv";
  folder.write(path, std::string(kHeader) + "\nhalf a row");
  ASSERT_TRUE(append_emissions(path, cells_with("r1")).ok());
  const auto lines = lines_of(read_all(path));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_NE(lines[2].find("r1"), std::string::npos);
}

TEST(EmissionsCsv, TwoProcessesAppendThousandRowsEachAndLoseNone) {
  const FakeSystem folder;
  const auto path = folder.paths.proc.parent_path() / "emissions.csv";
  std::vector<pid_t> children;
  for (const char* who : {"a", "b"}) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (int i = 0; i < 1000; ++i) {
        if (!append_emissions(path, cells_with(who + std::to_string(i))).ok()) ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const auto lines = lines_of(read_all(path));
  ASSERT_EQ(lines.size(), 2001U);
  EXPECT_EQ(lines[0], kHeader);
  std::set<std::string> ids;
  for (size_t i = 1; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].rfind(",\"a \"\"quoted\"\", project\",", 0), 0U) << lines[i];
    ids.insert(lines[i]);
  }
  EXPECT_EQ(ids.size(), 2000U);
}

TEST(EmissionsCsv, ADiskThatFillsUpInMidAppendLeavesTheFileValid) {
  const FakeSystem folder;
  const auto path = folder.paths.proc.parent_path() / "emissions.csv";
  ASSERT_TRUE(append_emissions(path, cells_with("r1")).ok());
  const std::string before = read_all(path);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // A limit on the file's size cuts the write short, as a full disk does.
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{before.size() + 10, before.size() + 10};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::_exit(append_emissions(path, cells_with("r2")).ok() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_all(path), before);
}

TEST(EmissionsCsv, AFolderThatIsNotThereIsAnError) {
  EXPECT_FALSE(append_emissions("/nonexistent-folder/emissions.csv", cells_with("r")).ok());
}

TEST(Settings, LayersAndKeysAreCodecarbons) {
  const FakeSystem system;
  const auto home = system.paths.proc;
  const auto here = system.paths.powercap;
  system.write(home / ".codecarbon.config",
               "# comment\n[codecarbon]\nregion = home\nproject_name: from home\n[other]\nregion = no\n");
  system.write(here / ".codecarbon.config", "[codecarbon]\nRegion=here\n");
  const auto settings = codecarbon_settings({"CODECARBON_PUE=1.3", "codecarbon_wue=2", "PATH=/bin"}, here, home);
  ASSERT_TRUE(settings.ok()) << settings.status().message();
  EXPECT_EQ(settings->at("region").value, "here");
  EXPECT_EQ(settings->at("project_name").value, "from home");
  EXPECT_EQ(settings->at("pue").value, "1.3");
  EXPECT_EQ(settings->at("pue").source, "CODECARBON_PUE");
  EXPECT_EQ(settings->at("wue").value, "2");
  EXPECT_EQ(settings->size(), 4U);
  EXPECT_TRUE(codecarbon_settings({}, "/nonexistent", "")->empty());
  const auto bad = parse_codecarbon_config("[codecarbon]\nnonsense\n", "file");
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.status().message().find("line 2"), std::string::npos);
}

TEST(Prometheus, TextIsInTheExpositionFormat) {
  Reading reading;
  reading.duration = Seconds(2.5);
  reading.energy = Figure<Joules>{Joules(10), Joules(5), Joules(20), {ProvenanceKind::kModelled, "x"}};
  const std::string text = prometheus_text(reading, "my \"run\"");
  EXPECT_NE(
      text.find("# TYPE coppice_duration_seconds gauge\ncoppice_duration_seconds{project=\"my \\\"run\\\"\"} 2.5\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("coppice_energy_joules{project=\"my \\\"run\\\"\",provenance=\"modelled\"} 10\n"),
            std::string::npos);
  EXPECT_EQ(text.find("carbon_grams"), std::string::npos);  // unknown is absent
  EXPECT_EQ(text.back(), '\n');
}

}  // namespace
}  // namespace coppice::energy
