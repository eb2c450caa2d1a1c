#include "native/load/measure_url.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <mutex>
#include <optional>
#include <sstream>

#include "native/backend/texts.h"
#include "native/export/run_recorder.h"
#include "native/load/cloud_run.h"
#include "native/load/open_loop.h"
#include "native/load/server_usage.h"
#include "native/load/summary.h"
#include "native/net/download.h"
#include "native/net/interrupt.h"
#include "native/net/request.h"

namespace coppice::load {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kInstanceHeader = "coppice-instance";

struct Target {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  double timeout_seconds = 30.0;
  std::vector<std::string> bodies;  // asked in turn
  bool include_usage = false;
};

Result<Target> target_of(const cli::MeasureOptions& options) {
  const cli::UrlOptions& load = options.load;
  Target target;
  target.url = load.url;
  target.timeout_seconds = load.timeout_seconds;
  target.include_usage = load.include_usage;
  if (!net::is_url(load.url)) return invalid_usage("--url: \"" + load.url + "\" is no http or https address");
  if (options.prompts.empty()) return invalid_usage("--url needs --prompts FILE");
  COPPICE_ASSIGN_OR_RETURN(const std::vector<backend::Prompt> prompts, backend::read_prompts(options.prompts));
  for (const backend::Prompt& prompt : prompts) {
    OrderedJson body;
    body["text"] = prompt.text;
    if (options.models.size() == 1) body["model"] = options.models.front();
    if (options.models.size() > 1) body["models"] = options.models;
    if (load.include_usage) body["include_usage"] = true;
    target.bodies.push_back(dump_json(body));
  }
  if (target.bodies.empty()) return invalid_input(options.prompts + ": holds no text");
  target.headers = {{"Content-Type", "application/json"}, {"Expect", ""}};
  if (!load.token_variable.empty()) {
    const char* token = std::getenv(load.token_variable.c_str());
    if (token == nullptr || *token == '\0') {
      return invalid_usage("--token-variable: " + load.token_variable + " is not set in the environment");
    }
    target.headers.emplace_back("Authorization", std::string("Bearer ") + token);
  }
  return target;
}

class Client {
 public:
  Client(const Target& target, ServerUsage& usage) : target_(target), usage_(usage) {}

  Answer ask(size_t index, std::string* body = nullptr) {
    net::GetRequest request;
    request.url = target_.url;
    request.headers = target_.headers;
    request.timeout_seconds = target_.timeout_seconds;
    request.max_bytes = size_t{4} << 20;
    request.body = target_.bodies[index % target_.bodies.size()];
    const auto sent = Clock::now();
    const Result<net::GetReply> reply = connection_.send(request);
    const std::chrono::duration<double> elapsed = Clock::now() - sent;
    Answer answer;
    if (!reply) {
      answer.error = elapsed.count() >= target_.timeout_seconds ? "time-out" : "no answer";
      if (body != nullptr) *body = reply.status().message();
      return answer;
    }
    answer.code = reply->code;
    if (const auto found = reply->headers.find(kInstanceHeader); found != reply->headers.end()) {
      const InstanceHeader instance = parse_instance(found->second, elapsed.count());
      answer.instance = instance.id;
      answer.cold = instance.cold;
    }
    if (answer.code == 200 && target_.include_usage) usage_.add(reply->body);
    if (body != nullptr) *body = reply->body;
    return answer;
  }

 private:
  const Target& target_;
  ServerUsage& usage_;
  net::HttpConnection connection_;
};

// One by one, before the load: the first one or more meet a server that has just started, or has just been woken.
Result<OrderedJson> ask_first(const Target& target, int64_t count, ServerUsage& usage) {
  OrderedJson first = OrderedJson::array();
  Client client(target, usage);
  for (int64_t i = 0; i < count; ++i) {
    if (net::interrupt_requested()) return interrupted("stopped before the load began");
    const auto sent = Clock::now();
    std::string body;
    const Answer answer = client.ask(static_cast<size_t>(i), &body);
    const std::chrono::duration<double, std::milli> time = Clock::now() - sent;
    if (answer.code != 200) {
      const std::string what =
          answer.code == 0 ? body : "answers " + std::to_string(answer.code) + ": " + body.substr(0, 200);
      return failed("request " + std::to_string(i + 1) + " before the load: " + what +
                    "; expected a server that judges, e.g. http://127.0.0.1:8080/v1/classify");
    }
    OrderedJson row;
    row["ms"] = time.count();
    if (!answer.instance.empty()) row["cold"] = answer.cold;
    first.push_back(std::move(row));
  }
  return first;
}

void print_percentiles(std::ostream& out, const OrderedJson& json, const char* name, const char* title) {
  if (!json.contains(name)) return;
  const OrderedJson& row = json[name];
  out << std::left << std::setw(26) << title << std::right << std::setw(8) << row["n"].get<size_t>();
  for (const char* percent : {"p50", "p90", "p95", "p99"}) {
    std::ostringstream cell;
    cell << std::fixed << std::setprecision(2) << row[percent]["value"].get<double>() << " ("
         << row[percent]["low"].get<double>() << " to " << row[percent]["high"].get<double>() << ")";
    out << std::setw(28) << cell.str();
  }
  out << std::setw(11) << std::fixed << std::setprecision(2) << row["max"].get<double>() << '\n';
}

void print_table(std::ostream& out, const OrderedJson& json) {
  const OrderedJson& load = json["load"];
  out << json["url"].get<std::string>() << ": " << load["requests"] << " requests in " << std::setprecision(3)
      << load["seconds"].get<double>() << " s, " << load["answered"] << " answered, " << load["refused"] << " refused, "
      << load["failed"] << " failed; offered " << load["offered_per_second"].get<double>() << " a second, answered "
      << load["answered_per_second"].get<double>() << '\n';
  out << std::left << std::setw(26) << "milliseconds (95 %)" << std::right << std::setw(8) << "n" << std::setw(28)
      << "p50" << std::setw(28) << "p90" << std::setw(28) << "p95" << std::setw(28) << "p99" << std::setw(11) << "max"
      << '\n';
  print_percentiles(out, load, "latency_ms", "from when due, warm");
  print_percentiles(out, load, "service_ms", "from when sent, warm");
  print_percentiles(out, load, "cold_ms", "from when due, cold start");
  print_percentiles(out, load, "refused_ms", "refused");
  size_t i = 0;
  for (const OrderedJson& first : json["first_requests"]) {
    out << "before the load, request " << ++i << ": " << std::fixed << std::setprecision(2) << first["ms"].get<double>()
        << " ms" << (first.value("cold", false) ? ", cold start" : "") << '\n';
  }
  if (load["sent_late"]["requests"].get<size_t>() > 0) {
    out << load["sent_late"]["requests"] << " requests were sent late, up to "
        << load["sent_late"]["max_ms"].get<double>() << " ms: all " << json["connections"]
        << " connections were busy (counted in the times from when due)\n";
  }
  if (json.contains("server_usage")) out << "by the server's account: " << dump_json(json["server_usage"]) << '\n';
  if (json.contains("cloud_run")) out << "Cloud Run: " << dump_json(json["cloud_run"]) << '\n';
}

OrderedJson cloud_run_json(const cli::UrlOptions& load, std::time_t from) {
  const auto not_read = [](const std::string& why) {
    OrderedJson json;
    json["not_read"] = why;
    return json;
  };
  CloudRunQuery query;
  query.project = load.cloud_project;
  query.service = load.cloud_service.empty() ? cloud_run_service(load.url).value_or("") : load.cloud_service;
  query.monitoring_url = load.monitoring_url;
  query.from = from - 60;  // a gauge is read once a minute
  query.to = std::time(nullptr) + 60;
  query.wait_seconds = load.cloud_wait_seconds;
  if (query.project.empty()) {
    return not_read("revision, region and instances were not asked for: give --cloud-project PROJECT");
  }
  if (query.service.empty()) return not_read("the address does not tell the service: give --cloud-service NAME");
  Result<OrderedJson> read = read_cloud_run(query);
  return read ? *std::move(read) : not_read(read.status().message());
}

Result<OrderedJson> measure(const cli::MeasureOptions& options) {
  COPPICE_ASSIGN_OR_RETURN(const Target target, target_of(options));
  const std::time_t from = std::time(nullptr);
  ServerUsage usage;
  OrderedJson json;
  json["url"] = options.load.url;
  if (!options.models.empty()) json["models"] = options.models;
  json["prompts"] = target.bodies.size();
  json["connections"] = options.load.connections;
  COPPICE_ASSIGN_OR_RETURN(json["first_requests"], ask_first(target, options.warmup, usage));
  const Schedule schedule{options.load.rate_per_second, options.load.seconds,
                          static_cast<size_t>(options.load.connections)};
  if (!options.json || ::isatty(STDERR_FILENO) != 0) {
    std::cerr << "coppice measure: " << schedule.seconds << " s at " << schedule.per_second << " requests a second\n";
  }
  std::vector<Client> clients;
  for (size_t i = 0; i < schedule.connections; ++i) clients.emplace_back(target, usage);
  COPPICE_ASSIGN_OR_RETURN(const std::vector<Sample> samples,
                           run_open_loop(
                               schedule, [&](size_t worker, size_t index) { return clients[worker].ask(index); },
                               &net::interrupt_requested));
  if (net::interrupt_requested()) return interrupted("stopped after " + std::to_string(samples.size()) + " requests");
  COPPICE_ASSIGN_OR_RETURN(json["load"], summarise_load(samples, schedule.per_second));
  json["cold_starts_told_by"] = json["load"].contains("instances_seen")
                                    ? "the instance's age in each answer, Coppice-Instance"
                                    : "nothing: this server does not tell its age; see first_requests";
  if (target.include_usage) json["server_usage"] = usage.json();
  const bool cloud = cloud_run_service(options.load.url).has_value() || !options.load.cloud_project.empty();
  if (cloud) json["cloud_run"] = cloud_run_json(options.load, from);
  return json;
}

}  // namespace

InstanceHeader parse_instance(const std::string& header, double seconds_since_sent) {
  static constexpr std::string_view kUptime = "; uptime=";
  const size_t at = header.find(kUptime);
  if (at == std::string::npos || at == 0) return {};
  const std::string digits = header.substr(at + kUptime.size());
  char* end = nullptr;
  const double uptime = std::strtod(digits.c_str(), &end);
  if (digits.empty() || *end != '\0' || !(uptime >= 0.0)) return {};
  return {header.substr(0, at), uptime < seconds_since_sent};
}

Status run_measure_url(const cli::MeasureOptions& options, const std::vector<std::string>& arguments) {
  const net::InterruptScope interruptible;
  RunRecorder recorder("measure-url", arguments);
  const Result<OrderedJson> measured = measure(options);
  if (!measured) {
    return options.load.output.empty() ? measured.status()
                                       : keep_failed_run(options.load.output, recorder, measured.status());
  }
  if (!options.load.output.empty()) {
    records::RunRecord& record = recorder.record();
    record.settings["url"] = options.load.url;
    record.settings["rate_per_second"] = options.load.rate_per_second;
    record.settings["duration_seconds"] = options.load.seconds;
    record.settings["connections"] = options.load.connections;
    record.results = Json(*measured);
    COPPICE_RETURN_IF_ERROR(write_run_record(options.load.output, recorder.finish({})));
  }
  if (options.json) {
    std::cout << dump_json(*measured) << '\n';
  } else {
    print_table(std::cout, *measured);
  }
  std::cout << std::flush;
  if (!std::cout) return failed("standard output: cannot be written");
  if ((*measured)["load"]["answered"].get<size_t>() == 0) return failed("no request was answered");
  return {};
}

}  // namespace coppice::load
