// The stand-in for NVIDIA's library (fake_nvml.cpp) with its script, for tests.
#pragma once

#include <cstdlib>
#include <map>
#include <string>

#include "tests/unit/energy/fake_system.h"

namespace coppice::energy {

class FakeGpus {
 public:
  explicit FakeGpus(const char* library = FAKE_NVML_NEW) : script_(system.paths.proc.parent_path() / "nvml") {
    system.paths.nvml = library;
    system.paths.pci = system.paths.proc.parent_path() / "pci";
    ::setenv("COPPICE_FAKE_NVML", script_.c_str(), 1);
    write();
  }
  ~FakeGpus() { ::unsetenv("COPPICE_FAKE_NVML"); }
  FakeGpus(const FakeGpus&) = delete;
  FakeGpus& operator=(const FakeGpus&) = delete;

  // The keys are in fake_nvml.cpp.
  void set(const std::string& key, const std::string& value) {
    values_[key] = value;
    write();
  }
  void remove(const std::string& key) {
    values_.erase(key);
    write();
  }
  // A card as the PCI bus shows it.
  void plug_in(const std::string& vendor = "0x10de") {
    system.write(system.paths.pci / "0000:01:00.0" / "vendor", vendor + "\n");
    system.write(system.paths.pci / "0000:01:00.0" / "class", "0x030200\n");
  }

  FakeSystem system;

 private:
  void write() const {
    std::string text;
    for (const auto& [key, value] : values_) text += key + " " + value + "\n";
    system.write(script_, text);
  }

  std::filesystem::path script_;
  std::map<std::string, std::string> values_;
};

}  // namespace coppice::energy
