#include "native/energy/emissions_csv.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "shared/base/csv.h"
#include "shared/energy/names.h"
#include "shared/energy/places.h"
#include "shared/energy/ram.h"

namespace coppice::energy {

namespace {

constexpr size_t kLongestHeader = 1 << 16;

std::string cell_of(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return error == std::errc() ? std::string(text, end) : "";
}

// The cells of one record that ends at a line end outside quotes; nothing if the text holds no whole record.
std::optional<std::vector<std::string>> parse_record(std::string_view text) {
  std::vector<std::string> cells(1);
  bool inside = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inside) {
      if (c != '"') {
        cells.back() += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cells.back() += text[++i];
      } else {
        inside = false;
      }
    } else if (c == '"') {
      inside = true;
    } else if (c == ',') {
      cells.emplace_back();
    } else if (c == '\n') {
      return cells;
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  return std::nullopt;
}

Status system_error(const std::string& what, const std::filesystem::path& path) {
  return failed(path.string() + ": " + what + ": " + std::strerror(errno));
}

class LockedFile {
 public:
  // Opens and locks; opens again if another process set the file aside while this one waited for the lock.
  static Result<LockedFile> open(const std::filesystem::path& path) {
    for (int attempt = 0; attempt < 100; ++attempt) {
      LockedFile file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
      if (file.fd_ < 0) return system_error("cannot open", path);
      int locked = -1;
      do {
        locked = ::flock(file.fd_, LOCK_EX);
      } while (locked != 0 && errno == EINTR);
      if (locked != 0) return system_error("cannot lock", path);
      struct stat mine {};
      struct stat named {};
      if (::fstat(file.fd_, &mine) != 0) return system_error("cannot stat", path);
      if (::stat(path.c_str(), &named) == 0 && mine.st_ino == named.st_ino && mine.st_dev == named.st_dev) {
        file.size_ = mine.st_size;
        return file;
      }
    }
    return failed(path.string() + ": other processes keep replacing it");
  }
  LockedFile(LockedFile&& other) noexcept : fd_(other.fd_), size_(other.size_) { other.fd_ = -1; }
  LockedFile& operator=(LockedFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~LockedFile() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] off_t size() const { return size_; }

  [[nodiscard]] std::string read_at(off_t offset, size_t most) const {
    std::string text(most, '\0');
    const ssize_t got = ::pread(fd_, text.data(), most, offset);
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return text;
  }

  Status append(std::string_view bytes, const std::filesystem::path& path) {
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const ssize_t written = ::write(fd_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return cut_off(system_error("cannot write (disk full?)", path), path);
      rest.remove_prefix(static_cast<size_t>(written));
    }
    if (::fsync(fd_) != 0) return cut_off(system_error("cannot sync", path), path);
    return {};
  }

 private:
  explicit LockedFile(int fd) : fd_(fd) {}

  // Nobody else writes while the lock is held: cutting back to the old size removes just this record.
  Status cut_off(Status status, const std::filesystem::path& path) const {
    if (::ftruncate(fd_, size_) == 0) return status;
    return failed(status.message() + "; and the half-written row could not be cut off: " + path.string());
  }

  int fd_ = -1;
  off_t size_ = 0;
};

Status set_aside(const std::filesystem::path& path) {
  for (int i = 0; i < 10000; ++i) {
    std::filesystem::path aside = path;
    aside += i == 0 ? ".bak" : ".bak" + std::to_string(i);
    // A hard link fails if the name is taken, which a rename would overwrite.
    if (::link(path.c_str(), aside.c_str()) == 0) {
      return ::unlink(path.c_str()) == 0 ? Status() : system_error("cannot set aside", path);
    }
    if (errno != EEXIST) return system_error("cannot set aside", path);
  }
  return failed(path.string() + ": too many .bak files beside it");
}

std::vector<DeviceReport> gpus_of(const EnergyReport& report) {
  std::vector<DeviceReport> gpus;
  for (const ComponentReport& part : report.components) {
    if (part.component == Component::kGpu) gpus.insert(gpus.end(), part.devices.begin(), part.devices.end());
  }
  return gpus;
}

// "2 x NVIDIA A100, 1 x Tesla T4": as CodeCarbon writes it, with a comma between models.
std::string gpu_models(const std::vector<DeviceReport>& gpus) {
  std::vector<std::pair<std::string, int>> models;
  for (const DeviceReport& gpu : gpus) {
    const std::string name = gpu.name.empty() ? "unnamed" : gpu.name;
    const auto known =
        std::find_if(models.begin(), models.end(), [&](const auto& model) { return model.first == name; });
    if (known != models.end()) {
      ++known->second;
    } else {
      models.emplace_back(name, 1);
    }
  }
  std::string text;
  for (const auto& [name, count] : models) text += (text.empty() ? "" : ", ") + std::to_string(count) + " x " + name;
  return text;
}

std::optional<double> mean_utilisation(const std::vector<DeviceReport>& gpus) {
  double sum = 0.0;
  double known = 0.0;
  for (const DeviceReport& gpu : gpus) {
    sum += gpu.utilisation_percent.value_or(0.0);
    known += gpu.utilisation_percent ? 1.0 : 0.0;
  }
  if (known == 0.0) return std::nullopt;
  return sum / known;
}

std::string joined(const std::vector<std::string>& cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) line += (i == 0 ? "" : ",") + csv_cell(cells[i]);
  return line + '\n';
}

}  // namespace

std::array<std::string, 38> emissions_cells(const EmissionsRow& row, const EnergyReport& report) {
  std::array<std::string, 38> cells;
  const auto set = [&](std::string_view column, std::string value) {
    for (size_t i = 0; i < kEmissionsColumns.size(); ++i) {
      if (column == kEmissionsColumns[i]) cells[i] = std::move(value);
    }
  };
  const double seconds = report.total.duration.value();
  set("timestamp", row.timestamp);
  set("project_name", row.project_name);
  set("run_id", row.run_id);
  set("experiment_id", row.experiment_id);
  set("duration", cell_of(seconds));
  if (report.total.emissions) {
    const double kilograms = report.total.emissions->value.value() / 1000.0;
    set("emissions", cell_of(kilograms));
    if (seconds > 0.0) set("emissions_rate", cell_of(kilograms / seconds));
  }
  for (const Component component : {Component::kCpu, Component::kGpu, Component::kRam}) {
    std::optional<double> joules;
    for (const ComponentReport& part : report.components) {
      if (part.component == component && part.energy) joules = joules.value_or(0.0) + part.energy->value.value();
    }
    if (!joules) continue;
    const std::string name = to_string(component);
    set(name + "_energy", cell_of(to_kwh(Joules(*joules))));
    // As in CodeCarbon 3.3.2 both hold the PUE (in 3.3.0 the powers did not).
    if (seconds > 0.0) set(name + "_power", cell_of(*joules / seconds));
  }
  if (report.total.energy) {
    const double kwh = to_kwh(report.total.energy->value);
    set("energy_consumed", cell_of(kwh));
    set("water_consumed", cell_of(kwh * row.wue_litres_per_kwh));
  }
  std::string country = upper(row.place.country);
  if (country.empty()) {  // as CodeCarbon: a cloud region tells its country
    const CloudRow* cloud =
        find_cloud(google_clouds_2024(), lower(row.place.cloud_provider), lower(row.place.cloud_region));
    if (cloud != nullptr) country = cloud->country;
  }
  const CountryRow* named = find_country(codecarbon_countries(), country);
  if (named == nullptr) named = find_country(ember_countries(), country);
  if (named != nullptr) set("country_name", named->name);
  set("country_iso_code", country);
  set("region", row.place.region);
  set("cloud_provider", row.place.cloud_provider);
  set("cloud_region", row.place.cloud_region);
  set("os", row.os);
  set("codecarbon_version", "coppice " + row.version);
  if (report.cpu.threads > 0) set("cpu_count", std::to_string(report.cpu.threads));
  set("cpu_model", report.cpu.model_name);
  if (report.total_memory_bytes) {
    set("ram_total_size", cell_of(*report.total_memory_bytes / kBytesPerGb));
    if (report.mean_resident_bytes) {
      set("ram_utilization_percent", cell_of(100.0 * *report.mean_resident_bytes / *report.total_memory_bytes));
    }
  }
  const std::vector<DeviceReport> gpus = gpus_of(report);
  if (!gpus.empty()) {
    set("gpu_count", std::to_string(gpus.size()));
    set("gpu_model", gpu_models(gpus));
    if (const auto percent = mean_utilisation(gpus)) set("gpu_utilization_percent", cell_of(*percent));
  }
  set("tracking_mode", report.scope == Scope::kMachine ? "machine" : "process");
  if (report.cpu_utilisation_percent) set("cpu_utilization_percent", cell_of(*report.cpu_utilisation_percent));
  if (report.mean_resident_bytes) set("ram_used_gb", cell_of(*report.mean_resident_bytes / kBytesPerGb));
  set("on_cloud", row.place.cloud_provider.empty() ? "N" : "Y");
  set("pue", cell_of(report.pue));
  set("wue", cell_of(row.wue_litres_per_kwh));
  return cells;
}

Status append_emissions(const std::filesystem::path& path, const std::array<std::string, 38>& cells) {
  COPPICE_ASSIGN_OR_RETURN(LockedFile file, LockedFile::open(path));
  const std::vector<std::string> columns(kEmissionsColumns.begin(), kEmissionsColumns.end());
  const std::vector<std::string> values(cells.begin(), cells.end());
  if (file.size() == 0) return file.append(joined(columns) + joined(values), path);

  const std::optional<std::vector<std::string>> header = parse_record(file.read_at(0, kLongestHeader));
  std::vector<std::string> sorted_header = header.value_or(std::vector<std::string>());
  std::vector<std::string> sorted_columns = columns;
  std::sort(sorted_header.begin(), sorted_header.end());
  std::sort(sorted_columns.begin(), sorted_columns.end());
  if (sorted_header != sorted_columns) {
    COPPICE_RETURN_IF_ERROR(set_aside(path));
    // The lock of the old file is held until the new one has its header, so that two processes do not both begin it.
    COPPICE_ASSIGN_OR_RETURN(LockedFile fresh, LockedFile::open(path));
    return fresh.append((fresh.size() == 0 ? joined(columns) : "") + joined(values), path);
  }
  std::vector<std::string> ordered;
  for (const std::string& column : *header) {
    const auto at = std::find(columns.begin(), columns.end(), column) - columns.begin();
    ordered.push_back(values[static_cast<size_t>(at)]);
  }
  // A last line without an end (another program was cut off while it wrote) must not swallow this row.
  const bool ended = file.read_at(file.size() - 1, 1) == "\n";
  return file.append((ended ? "" : "\n") + joined(ordered), path);
}

}  // namespace coppice::energy
