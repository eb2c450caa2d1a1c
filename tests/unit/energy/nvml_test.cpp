#include "native/energy/nvml.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "native/energy/emissions_csv.h"
#include "native/energy/tracker.h"
#include "tests/unit/energy/fake_gpus.h"

namespace coppice::energy {
namespace {

void one_gpu(FakeGpus& gpus) {
  gpus.set("count", "1");
  gpus.set("0.name", "NVIDIA A100-SXM4-40GB");
  gpus.set("0.uuid", "GPU-11111111-2222");
  gpus.set("0.energy", "1000000");
  gpus.set("0.power", "200000");
  gpus.set("0.utilization", "60");
}

// 10 is ours.
Owner ten_is_ours(int pid) { return pid == 10 ? Owner::kOurs : Owner::kOther; }

std::unique_ptr<EnergySource> source_of(const FakeGpus& gpus, Scope scope, OwnerOf owner = ten_is_ours) {
  auto found = find_nvidia_gpus(gpus.system.paths);
  EXPECT_TRUE(found.ok()) << found.status().message();
  return found ? make_nvml_source(std::move(*found), scope, std::move(owner)) : nullptr;
}

// One second for each call.
void pass(EnergySource& source, double seconds = 1.0) {
  source.advance(sample_at(0, 0, 0, 0), sample_at(seconds, 0, 0, 0));
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(Nvml, TheWholeMachineIsMeasuredByTheCounter) {
  FakeGpus gpus;
  one_gpu(gpus);
  const auto source = source_of(gpus, Scope::kMachine);
  EXPECT_EQ(source->component(), Component::kGpu);
  EXPECT_FALSE(source->total().has_value());
  gpus.set("0.energy", "1150000");
  pass(*source);
  const auto total = source->total();
  ASSERT_TRUE(total.has_value());
  EXPECT_DOUBLE_EQ(total->value.value(), 150);
  EXPECT_LT(total->low.value(), 150 - 15);  // 0.1 s of 200 W at the ends, the sensor's 5 %
  EXPECT_GT(total->high.value(), 150 + 15);
  EXPECT_EQ(total->provenance.kind, ProvenanceKind::kMeasured);
  EXPECT_NE(total->provenance.method.find("GPU 0 NVIDIA A100-SXM4-40GB by its energy counter"), std::string::npos);
  EXPECT_TRUE(source->warnings().empty()) << joined(source->warnings());
  ASSERT_EQ(source->devices().size(), 1U);
  EXPECT_EQ(source->devices()[0].name, "NVIDIA A100-SXM4-40GB");
  EXPECT_EQ(source->devices()[0].uuid, "GPU-11111111-2222");
  EXPECT_EQ(source->devices()[0].utilisation_percent, 60);
}

TEST(Nvml, WithoutACounterPowerIsPolled) {
  FakeGpus gpus;
  one_gpu(gpus);
  gpus.remove("0.energy");
  const auto source = source_of(gpus, Scope::kMachine);
  gpus.set("0.power", "100000");
  pass(*source);
  const auto total = source->total();
  ASSERT_TRUE(total.has_value());
  EXPECT_DOUBLE_EQ(total->value.value(), 150);
  EXPECT_EQ(total->provenance.kind, ProvenanceKind::kMixed);
  EXPECT_NE(total->provenance.method.find("straight lines between power readings"), std::string::npos);
  EXPECT_NE(source->description().find("by power readings"), std::string::npos);
}

TEST(Nvml, TwoDevicesAreAddedAndToldApart) {
  FakeGpus gpus;
  one_gpu(gpus);
  gpus.set("count", "2");
  gpus.set("1.name", "Tesla K80");
  gpus.set("1.power", "50000");
  const auto source = source_of(gpus, Scope::kMachine);
  gpus.set("0.energy", "1200000");
  pass(*source);
  EXPECT_DOUBLE_EQ(source->total()->value.value(), 250);
  EXPECT_EQ(source->total()->provenance.kind, ProvenanceKind::kMixed);
  const auto devices = source->devices();
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_DOUBLE_EQ(devices[0].energy->value.value(), 200);
  EXPECT_DOUBLE_EQ(devices[1].energy->value.value(), 50);
  EXPECT_FALSE(devices[1].utilisation_percent.has_value());  // not told, not 0
}

TEST(Nvml, AProcessIsChargedByItsUtilisation) {
  FakeGpus gpus;
  one_gpu(gpus);
  gpus.set("0.samples", "10:1000:90");  // of before the start
  gpus.set("0.processes", "10 20");
  const auto source = source_of(gpus, Scope::kProcess);
  gpus.set("0.energy", "1200000");
  gpus.set("0.samples", "10:1000:90 10:2000:20 20:2000:60 0:0:0 77:3000:4294967295");
  pass(*source);
  const auto total = source->total();
  ASSERT_TRUE(total.has_value());
  EXPECT_DOUBLE_EQ(total->value.value(), 50);
  EXPECT_LE(total->low.value(), 0.2 * 200);
  EXPECT_EQ(total->provenance.kind, ProvenanceKind::kMixed);
  EXPECT_NE(total->provenance.method.find("share of its multiprocessor time"), std::string::npos);
  EXPECT_TRUE(source->warnings().empty()) << joined(source->warnings());
}

TEST(Nvml, ADriversClockThatIsSetBackDoesNotBlindIt) {
  FakeGpus gpus;
  one_gpu(gpus);
  gpus.set("0.processes", "10 20");
  gpus.set("0.samples", "10:900000:50 20:900000:50");
  const auto source = source_of(gpus, Scope::kProcess);
  gpus.set("0.samples", "10:1000:10 20:1000:30");
  gpus.set("0.energy", "1100000");
  pass(*source);  // no sample is newer: an equal part, low 0
  gpus.set("0.samples", "10:2000:10 20:2000:30");
  gpus.set("0.energy", "1200000");
  pass(*source);
  EXPECT_DOUBLE_EQ(source->total()->value.value(), 50 + 25);
}

TEST(Nvml, TheOnlyComputeProcessIsChargedTheWhole) {
  FakeGpus gpus;
  one_gpu(gpus);
  gpus.set("0.processes", "10");
  const auto source = source_of(gpus, Scope::kProcess);
  gpus.set("0.energy", "1200000");
  pass(*source);
  EXPECT_DOUBLE_EQ(source->total()->value.value(), 200);
  EXPECT_GT(source->total()->low.value(), 150);
}

TEST(Nvml, AProcessThatIsOnNoDeviceIsChargedNothing) {
  FakeGpus gpus;
  one_gpu(gpus);
  gpus.set("0.processes", "20");
  const auto source = source_of(gpus, Scope::kProcess);
  gpus.set("0.energy", "1200000");
  pass(*source);
  EXPECT_DOUBLE_EQ(source->total()->value.value(), 0);
  EXPECT_LT(source->total()->high.value(), 30);
}

TEST(Nvml, WhereNobodyMayTellTheShareItIsUnknownAndSaysSo) {
  FakeGpus gpus;
  one_gpu(gpus);
  gpus.set("0.samples", "error 4");
  gpus.set("0.processes", "error 4");
  const auto source = source_of(gpus, Scope::kProcess);
  gpus.set("0.energy", "1200000");
  pass(*source);
  const auto total = source->total();
  EXPECT_EQ(total->low.value(), 0);
  EXPECT_GE(total->high.value(), 200);
  EXPECT_NE(total->provenance.method.find("assumed"), std::string::npos);
  const std::string warnings = joined(source->warnings());
  EXPECT_NE(warnings.find("Insufficient Permissions"), std::string::npos) << warnings;
  EXPECT_NE(warnings.find("--scope machine"), std::string::npos) << warnings;
}

TEST(Nvml, ProcessesOfAnotherNumberingAreNotMistakenForOurs) {
  FakeGpus gpus;
  one_gpu(gpus);
  std::filesystem::create_directories(gpus.system.paths.proc / "self" / "ns");
  std::filesystem::create_symlink("pid:[4026531836]", gpus.system.paths.proc / "self" / "ns" / "pid");
  EXPECT_FALSE(has_own_pid_numbers(gpus.system.paths));
  std::filesystem::remove(gpus.system.paths.proc / "self" / "ns" / "pid");
  std::filesystem::create_symlink("pid:[4026532999]", gpus.system.paths.proc / "self" / "ns" / "pid");
  EXPECT_TRUE(has_own_pid_numbers(gpus.system.paths));
  gpus.set("0.processes", std::to_string(::getpid()));  // of the host: somebody else
  const FakeClock clock;
  TrackerOptions options;
  options.paths = gpus.system.paths;
  options.clocks = clock.clocks();
  auto tracker = EnergyTracker::start(std::move(options));
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  gpus.set("0.energy", "1010000");
  clock.pass(0.1);
  const EnergyReport report = (*tracker)->finish();
  const auto gpu = report.components.back();
  ASSERT_EQ(gpu.component, Component::kGpu);
  ASSERT_TRUE(gpu.energy.has_value());
  EXPECT_EQ(gpu.energy->low.value(), 0);
  EXPECT_NE(gpu.source.find("process numbers of its own"), std::string::npos);
}

TEST(Nvml, ALostDeviceKeepsWhatWasReadAndSaysSo) {
  FakeGpus gpus;
  one_gpu(gpus);
  const auto source = source_of(gpus, Scope::kMachine);
  gpus.set("0.energy", "1200000");
  pass(*source);
  for (const char* what : {"0.energy", "0.power", "0.utilization"}) gpus.set(what, "error 15");
  pass(*source);
  const auto total = source->total();
  ASSERT_TRUE(total.has_value());
  EXPECT_DOUBLE_EQ(total->value.value(), 400);  // the second at the mean of the first
  EXPECT_LT(total->low.value(), 200);
  EXPECT_EQ(total->provenance.kind, ProvenanceKind::kMixed);
  EXPECT_NE(total->provenance.method.find("at the mean power"), std::string::npos);
  EXPECT_NE(joined(source->warnings()).find("GPU is lost (15)"), std::string::npos) << joined(source->warnings());
}

TEST(Nvml, ADeviceThatIsLostBeforeAnyReadingIsAbsent) {
  FakeGpus gpus;
  one_gpu(gpus);
  const auto source = source_of(gpus, Scope::kMachine);
  gpus.set("0.energy", "error 15");
  gpus.set("0.power", "error 15");
  pass(*source);
  EXPECT_FALSE(source->total().has_value());
  EXPECT_FALSE(source->devices()[0].energy.has_value());
}

TEST(Nvml, ACounterThatGoesBackIsReplacedByPower) {
  FakeGpus gpus;
  one_gpu(gpus);
  const auto source = source_of(gpus, Scope::kMachine);
  gpus.set("0.energy", "7");
  pass(*source);
  EXPECT_DOUBLE_EQ(source->total()->value.value(), 200);
  EXPECT_NE(joined(source->warnings()).find("jumped back"), std::string::npos);
}

TEST(Nvml, ADeviceThatTellsNothingIsAbsentWithItsReason) {
  FakeGpus gpus;
  one_gpu(gpus);
  gpus.remove("0.energy");
  gpus.remove("0.power");
  const auto source = source_of(gpus, Scope::kMachine);
  pass(*source);
  EXPECT_FALSE(source->total().has_value());
  EXPECT_NE(joined(source->warnings()).find("its energy is absent"), std::string::npos);
  EXPECT_NE(joined(source->warnings()).find("Not Supported"), std::string::npos);
  ASSERT_EQ(source->devices().size(), 1U);
}

TEST(Nvml, APartitionedDeviceSaysThatItsCounterIsOfTheWhole) {
  FakeGpus gpus;
  one_gpu(gpus);
  gpus.set("0.mig", "1");
  gpus.set("0.processes", "10 20");
  const auto source = source_of(gpus, Scope::kProcess);
  gpus.set("0.energy", "1200000");
  pass(*source);
  EXPECT_NE(joined(source->warnings()).find("MIG"), std::string::npos);
  EXPECT_EQ(source->total()->low.value(), 0);
  EXPECT_DOUBLE_EQ(source->total()->value.value(), 100);  // one of two processes
  EXPECT_GE(source->total()->high.value(), 200);
}

TEST(Nvml, AnOldDriverIsPolledAndItsProcessesAreRead) {
  FakeGpus gpus(FAKE_NVML_OLD_DRIVER);
  one_gpu(gpus);
  gpus.set("0.processes", "10");
  const auto source = source_of(gpus, Scope::kProcess);
  pass(*source);
  EXPECT_DOUBLE_EQ(source->total()->value.value(), 200);
  EXPECT_NE(source->description().find("by power readings"), std::string::npos);
}

TEST(Nvml, ManyProcessesFitAndEntriesAreReadWhole) {
  FakeGpus gpus;
  one_gpu(gpus);
  std::string pids;
  std::string samples;
  for (int pid = 1000; pid < 1300; ++pid) {
    pids += std::to_string(pid) + " ";
    samples += std::to_string(pid) + ":50:1 ";
  }
  gpus.set("0.processes", pids);
  gpus.set("0.samples", samples);
  const auto found = find_nvidia_gpus(gpus.system.paths);
  ASSERT_TRUE(found.ok());
  const auto computing = found->library->compute_processes(found->gpus[0].handle);
  ASSERT_TRUE(computing.ok()) << computing.status().message();
  ASSERT_EQ(computing->size(), 300U);
  EXPECT_EQ(computing->front(), 1000);
  EXPECT_EQ(computing->back(), 1299);
  const auto used = found->library->process_samples(found->gpus[0].handle, 0);
  ASSERT_TRUE(used.ok());
  EXPECT_EQ(used->size(), 300U);
  EXPECT_TRUE(found->library->process_samples(found->gpus[0].handle, 50)->empty());
}

TEST(Nvml, WithoutTheLibraryItSaysWhetherACardIsThere) {
  FakeGpus gpus("/nonexistent/libnvidia-ml.so.1");
  EXPECT_EQ(find_nvidia_gpus(gpus.system.paths).status().code(), StatusCode::kNotFound);
  gpus.plug_in("0x8086");
  EXPECT_EQ(find_nvidia_gpus(gpus.system.paths).status().code(), StatusCode::kNotFound);
  gpus.plug_in();
  const Status status = find_nvidia_gpus(gpus.system.paths).status();
  EXPECT_EQ(status.code(), StatusCode::kFailed);
  EXPECT_NE(status.message().find("libnvidia-ml1"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("absent"), std::string::npos);
}

TEST(Nvml, AnotherLibraryAndADriverThatIsNotLoadedAreNamed) {
  FakeGpus gpus("libm.so.6");
  EXPECT_NE(find_nvidia_gpus(gpus.system.paths).status().message().find("nvmlInit_v2"), std::string::npos);
  gpus.system.paths.nvml = FAKE_NVML_NEW;
  gpus.set("init", "error 9");
  EXPECT_EQ(find_nvidia_gpus(gpus.system.paths).status().code(), StatusCode::kNotFound);
  gpus.plug_in();
  EXPECT_NE(find_nvidia_gpus(gpus.system.paths).status().message().find("modprobe"), std::string::npos);
  gpus.set("init", "error 4");
  EXPECT_NE(find_nvidia_gpus(gpus.system.paths).status().message().find("/dev/nvidia"), std::string::npos);
  gpus.set("init", "error 18");
  EXPECT_NE(find_nvidia_gpus(gpus.system.paths).status().message().find("restart"), std::string::npos);
}

TEST(Nvml, ADeviceThatMayNotBeOpenedDoesNotHideTheOthers) {
  FakeGpus gpus;
  one_gpu(gpus);
  gpus.set("count", "2");
  gpus.set("1.handle", "error 4");
  const auto source = source_of(gpus, Scope::kMachine);
  gpus.set("0.energy", "1200000");
  pass(*source);
  EXPECT_DOUBLE_EQ(source->total()->value.value(), 200);
  EXPECT_NE(joined(source->warnings()).find("GPU 1: its energy is absent"), std::string::npos);
}

TEST(Nvml, TheTrackerAddsItToTheTotalAndTheRecords) {
  FakeGpus gpus;
  one_gpu(gpus);
  gpus.set("count", "2");
  gpus.set("1.name", "NVIDIA A100-SXM4-40GB");
  gpus.set("1.energy", "5000");
  gpus.system.zone("intel-rapl:0", "package-0", 1'000'000);
  gpus.system.write(gpus.system.paths.proc / "meminfo", "MemTotal: 16384000 kB\n");
  const FakeClock clock;
  TrackerOptions options;
  options.clocks = clock.clocks();
  options.scope = Scope::kMachine;
  options.pue = 2.0;
  options.paths = gpus.system.paths;
  auto tracker = EnergyTracker::start(std::move(options));
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  EXPECT_NE(joined((*tracker)->describe()).find("gpu: NVML GPU 0 NVIDIA A100-SXM4-40GB by its energy counter"),
            std::string::npos)
      << joined((*tracker)->describe());
  gpus.set("0.energy", "1010000");
  gpus.set("1.energy", "10000");
  gpus.system.set_counter("intel-rapl:0", 3'000'000);
  clock.pass(0.1);
  const EnergyReport report = (*tracker)->finish();
  ASSERT_EQ(report.components.size(), 3U);
  const ComponentReport& gpu = report.components[2];
  ASSERT_TRUE(gpu.energy.has_value());
  EXPECT_DOUBLE_EQ(gpu.energy->value.value(), 2 * 15);
  EXPECT_DOUBLE_EQ(gpu.devices[1].energy->value.value(), 2 * 5);
  double parts = 0.0;
  for (const ComponentReport& component : report.components) parts += component.energy->value.value();
  EXPECT_DOUBLE_EQ(report.total.energy->value.value(), parts);
  EXPECT_GE(parts, 2 * 17);

  const OrderedJson json = to_json(report);
  ASSERT_EQ(json["components"]["gpu"]["devices"].size(), 2U);
  EXPECT_EQ(json["components"]["gpu"]["devices"][0]["uuid"], "GPU-11111111-2222");
  EXPECT_FALSE(json["components"]["gpu"]["devices"][1].contains("uuid"));

  const auto cells = emissions_cells({}, report);
  const auto cell = [&](const std::string& name) {
    const auto at = std::find(kEmissionsColumns.begin(), kEmissionsColumns.end(), name);
    return cells[static_cast<size_t>(at - kEmissionsColumns.begin())];
  };
  EXPECT_EQ(cell("gpu_count"), "2");
  EXPECT_EQ(cell("gpu_model"), "2 x NVIDIA A100-SXM4-40GB");
  EXPECT_EQ(cell("gpu_utilization_percent"), "60");
  EXPECT_NEAR(std::stod(cell("gpu_energy")), 30 / 3.6e6, 1e-15);
  EXPECT_NEAR(std::stod(cell("gpu_power")) * report.total.duration.value(), 30,
              1e-6);  // with the PUE, as CodeCarbon 3.3.2
}

TEST(Nvml, APlatformCounterIsNotAddedToTheDevices) {
  FakeGpus gpus;
  one_gpu(gpus);
  gpus.system.zone("intel-rapl:0", "psys", 1'000'000);
  const FakeClock clock;
  TrackerOptions options;
  options.clocks = clock.clocks();
  options.scope = Scope::kMachine;
  options.paths = gpus.system.paths;
  auto tracker = EnergyTracker::start(std::move(options));
  ASSERT_TRUE(tracker.ok());
  gpus.system.set_counter("intel-rapl:0", 2'000'000);
  gpus.set("0.energy", "1005000");
  clock.pass(0.1);
  const EnergyReport report = (*tracker)->finish();
  ASSERT_EQ(report.components.size(), 1U);
  EXPECT_NEAR(report.total.energy->value.value(), 1.0, 1e-9);
  EXPECT_NE(joined(report.notes).find("psys"), std::string::npos);
}

}  // namespace
}  // namespace coppice::energy
