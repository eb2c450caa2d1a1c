#include "native/energy/nvml.h"

#include <algorithm>
#include <optional>

#include "native/energy/gpu_meter.h"

namespace coppice::energy {

namespace {

std::string seconds_text(double seconds) {
  std::string text = std::to_string(seconds);
  return text.substr(0, text.find('.') + 2) + " s";
}

bool is_nvidia_on_pci(const SystemPaths& paths) {
  std::error_code error;
  std::filesystem::directory_iterator entry(paths.pci, error);
  for (const std::filesystem::directory_iterator end; !error && entry != end; entry.increment(error)) {
    const auto vendor = read_small_file(entry->path() / "vendor");
    const auto kind = read_small_file(entry->path() / "class");
    if (vendor == "0x10de" && kind && kind->compare(0, 4, "0x03") == 0) return true;  // display or 3D controller
  }
  return false;
}

// One device while it is tracked.
class TrackedGpu {
 public:
  TrackedGpu(std::shared_ptr<const NvmlLibrary> library, NvidiaGpu gpu, OwnerOf owner)
      : library_(std::move(library)), gpu_(std::move(gpu)), shares_(std::move(owner)) {
    // Samples of before the start are not ours.
    if (const auto samples = library_->process_samples(gpu_.handle, 0)) remember_time(*samples);
    if (gpu_.partitioned) warn("is cut into instances (MIG): its readings are of the whole device");
    if (!gpu_.why_no_energy.empty()) warn("its energy is absent: " + gpu_.why_no_energy);
  }

  // The first look.
  void begin() {
    if (gpu_.why_no_energy.empty()) meter_.emplace(read());
  }

  void advance(double seconds, Scope scope) {
    if (!meter_) return;
    GpuShare share{1.0, 1.0, 1.0, GpuShareBasis::kWhole};
    if (scope != Scope::kMachine) share = shares_.advance(processes());
    if (share.basis == GpuShareBasis::kUnknown) unknown_share_seconds_ += seconds;
    const std::string problem = meter_->advance(seconds, read(), share);
    // What NVML itself said was warned of in read().
    if (!problem.empty() && read_failure_.empty()) warn(problem);
    if (const auto percent = library_->utilisation_percent(gpu_.handle)) {
      busy_percent_seconds_ += *percent * seconds;
      busy_known_seconds_ += seconds;
    }
  }

  [[nodiscard]] const NvidiaGpu& gpu() const { return gpu_; }
  [[nodiscard]] std::optional<GpuEnergy> total() const { return meter_ ? meter_->total() : std::nullopt; }
  [[nodiscard]] double unknown_share_seconds() const { return unknown_share_seconds_; }
  [[nodiscard]] std::optional<double> utilisation_percent() const {
    if (busy_known_seconds_ <= 0.0) return std::nullopt;
    return busy_percent_seconds_ / busy_known_seconds_;
  }

  [[nodiscard]] std::vector<std::string> warnings() const {
    std::vector<std::string> all = warnings_;
    const auto add = [&](const std::string& text) { all.push_back(gpu_.label + ": " + text); };
    if (unknown_share_seconds_ > 0.0) {
      add("no share of it could be told for " + seconds_text(unknown_share_seconds_) +
          (why_no_share_.empty() ? "" : " (") + why_no_share_ + (why_no_share_.empty() ? "" : ")") +
          ": low counts nothing of that time and high the whole device. --scope machine charges the whole device");
    }
    if (meter_ && !meter_->total() && read_failure_.empty()) {
      add("its energy is absent: the run was shorter than the 0.1 s between two writings of its counter, and it tells "
          "no power");
    }
    return all;
  }

 private:
  GpuReading read() {
    GpuReading reading;
    read_failure_.clear();
    if (gpu_.has_counter) {
      const auto millijoules = library_->energy_millijoules(gpu_.handle);
      if (millijoules) reading.counter_joules = static_cast<double>(*millijoules) * 1e-3;
      if (!millijoules) read_failure_ = millijoules.status().message();
    }
    if (gpu_.has_power) {
      const auto milliwatts = library_->power_milliwatts(gpu_.handle);
      if (milliwatts) reading.watts = static_cast<double>(*milliwatts) * 1e-3;
      if (!milliwatts) read_failure_ = milliwatts.status().message();
    }
    if (!read_failure_.empty()) warn("can no longer be read: " + read_failure_);
    return reading;
  }

  GpuProcesses processes() {
    GpuProcesses told;
    auto samples = library_->process_samples(gpu_.handle, last_sample_);
    if (samples && samples->empty() && last_sample_ > 0) {
      // Nobody was busy, or the driver's clock was set back behind the last sample.
      auto all = library_->process_samples(gpu_.handle, 0);
      const auto newest = [](const auto& list) {
        uint64_t time = 0;
        for (const GpuProcessSample& sample : list) time = std::max(time, sample.at_microseconds);
        return time;
      };
      if (all && !all->empty() && newest(*all) < last_sample_) {
        last_sample_ = 0;
        remember_time(*all);
      }
    }
    why_no_share_.clear();
    if (samples) {
      remember_time(*samples);
      told.samples = std::move(*samples);
    } else {
      why_no_share_ = samples.status().message();
    }
    auto computing = library_->compute_processes(gpu_.handle);
    if (computing) {
      told.computing = std::move(*computing);
    } else {
      why_no_share_ += (why_no_share_.empty() ? "" : "; ") + computing.status().message();
    }
    return told;
  }

  void remember_time(const std::vector<GpuProcessSample>& samples) {
    for (const GpuProcessSample& sample : samples) last_sample_ = std::max(last_sample_, sample.at_microseconds);
  }

  void warn(const std::string& text) {
    const std::string line = gpu_.label + ": " + text;
    if (std::find(warnings_.begin(), warnings_.end(), line) == warnings_.end() && warnings_.size() < 20) {
      warnings_.push_back(line);
    }
  }

  std::shared_ptr<const NvmlLibrary> library_;
  NvidiaGpu gpu_;
  GpuShareTracker shares_;
  std::optional<GpuMeter> meter_;
  std::vector<std::string> warnings_;
  std::string read_failure_;  // of the last look
  uint64_t last_sample_ = 0;
  std::string why_no_share_;
  double unknown_share_seconds_ = 0.0;
  double busy_percent_seconds_ = 0.0;
  double busy_known_seconds_ = 0.0;
};

class NvmlSource final : public EnergySource {
 public:
  NvmlSource(const NvidiaGpus& gpus, Scope scope, const OwnerOf& owner) : scope_(scope), has_owner_(owner != nullptr) {
    for (const NvidiaGpu& gpu : gpus.gpus) gpus_.emplace_back(gpus.library, gpu, owner);
    // Looking at a device may take a while: the windows begin together, after all of them.
    for (TrackedGpu& gpu : gpus_) gpu.begin();
  }

  [[nodiscard]] Component component() const override { return Component::kGpu; }

  [[nodiscard]] std::string description() const override {
    std::string text = "NVML";
    for (const TrackedGpu& gpu : gpus_) text += " " + gpu.gpu().label + " " + how_measured(gpu.gpu()) + ",";
    text.back() = ';';
    if (scope_ == Scope::kMachine) return text + " the whole device";
    if (!has_owner_) {
      return text +
             " the whole device with low 0: this container has process numbers of its own, so that no share can be "
             "told (--scope machine charges it all)";
    }
    return text +
           " x share of its multiprocessor time (low: of its capacity); where none is told, the whole of it for the "
           "only compute process";
  }

  void advance(const Sample& before, const Sample& now) override {
    const double seconds = (now.at - before.at).value();
    if (seconds <= 0.0) return;
    for (TrackedGpu& gpu : gpus_) gpu.advance(seconds, scope_);
  }

  [[nodiscard]] std::optional<Figure<Joules>> total() const override {
    std::optional<Figure<Joules>> sum;
    for (const TrackedGpu& gpu : gpus_) {
      if (const auto figure = figure_of(gpu)) sum = sum ? *sum + *figure : *figure;
    }
    return sum;
  }

  [[nodiscard]] Joules slack() const override {
    double joules = 0.0;
    for (const TrackedGpu& gpu : gpus_) {
      if (const auto energy = gpu.total()) joules += energy->slack;
    }
    return Joules(joules);
  }

  [[nodiscard]] std::vector<DeviceReport> devices() const override {
    std::vector<DeviceReport> reports;
    for (const TrackedGpu& gpu : gpus_) {
      reports.push_back({gpu.gpu().name, gpu.gpu().uuid, figure_of(gpu), gpu.utilisation_percent()});
    }
    return reports;
  }

  [[nodiscard]] std::vector<std::string> warnings() const override {
    std::vector<std::string> all;
    for (const TrackedGpu& gpu : gpus_) {
      for (std::string& text : gpu.warnings()) all.push_back(std::move(text));
    }
    return all;
  }

 private:
  [[nodiscard]] std::optional<Figure<Joules>> figure_of(const TrackedGpu& gpu) const {
    const std::optional<GpuEnergy> energy = gpu.total();
    if (!energy) return std::nullopt;
    const bool measured = scope_ == Scope::kMachine && !energy->polled && !energy->filled;
    std::string method = measured ? description() : "measured: " + description();
    if (energy->polled) method += " + modelled: straight lines between power readings";
    if (energy->filled) method += " + modelled: time without a reading at the mean power";
    if (gpu.unknown_share_seconds() > 0.0) method += " + assumed: a share where none is told (low 0, high the whole)";
    return Figure<Joules>{Joules(energy->joules),
                          Joules(energy->low),
                          Joules(energy->high),
                          {measured ? ProvenanceKind::kMeasured : ProvenanceKind::kMixed, method}};
  }

  std::vector<TrackedGpu> gpus_;
  Scope scope_;
  bool has_owner_;
};

NvidiaGpu look_at(const NvmlLibrary& library, unsigned index) {
  NvidiaGpu gpu;
  gpu.label = "GPU " + std::to_string(index);
  const auto handle = library.device(index);
  if (!handle) {
    gpu.why_no_energy = handle.status().message();
    return gpu;
  }
  gpu.handle = *handle;
  if (auto name = library.name(gpu.handle)) gpu.name = std::move(*name);
  if (auto uuid = library.uuid(gpu.handle)) gpu.uuid = std::move(*uuid);
  if (!gpu.name.empty()) gpu.label += " " + gpu.name;
  const auto partitioned = library.is_partitioned(gpu.handle);
  gpu.partitioned = partitioned && *partitioned;
  const auto energy = library.energy_millijoules(gpu.handle);
  const auto power = library.power_milliwatts(gpu.handle);
  gpu.has_counter = energy.ok();
  gpu.has_power = power.ok();
  if (!energy && !power) gpu.why_no_energy = energy.status().message() + "; " + power.status().message();
  return gpu;
}

}  // namespace

std::string how_measured(const NvidiaGpu& gpu) {
  if (gpu.has_counter) return "by its energy counter";
  return gpu.has_power ? "by power readings" : "not readable";
}

Result<NvidiaGpus> find_nvidia_gpus(const SystemPaths& paths) {
  const bool there = is_nvidia_on_pci(paths);
  const std::string absent = ". Until then its energy is absent, not 0";
  Result<std::shared_ptr<const NvmlLibrary>> library = NvmlLibrary::open(paths.nvml);
  if (!library) {
    if (!there && library.status().code() == StatusCode::kNotFound) {
      return not_found("no NVIDIA GPU on the PCI bus, and no working NVML (" + paths.nvml.string() + ")");
    }
    return failed((there ? "an NVIDIA GPU is on the PCI bus, but " : "NVIDIA GPU: ") + library.status().message() +
                  absent);
  }
  COPPICE_ASSIGN_OR_RETURN(const unsigned count, (*library)->device_count());
  if (count == 0 && !there) return not_found("NVML lists no GPU");
  if (count == 0) {
    return failed(
        "an NVIDIA GPU is on the PCI bus, but NVML lists none: it is bound to another driver, or this user may not "
        "open /dev/nvidia0 and so on" +
        absent);
  }
  NvidiaGpus found{*library, {}};
  for (unsigned index = 0; index < count; ++index) found.gpus.push_back(look_at(**library, index));
  return found;
}

std::unique_ptr<EnergySource> make_nvml_source(NvidiaGpus gpus, Scope scope, OwnerOf owner) {
  return std::make_unique<NvmlSource>(gpus, scope, owner);
}

}  // namespace coppice::energy
