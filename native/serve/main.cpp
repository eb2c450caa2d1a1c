// coppice-serve: hands the page and its models to browsers, and judges reviews over HTTP. No libtorch; starts in
// milliseconds.
#include <pthread.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <thread>

#include "native/serve/available_cores.h"
#include "native/serve/energy_options.h"
#include "native/serve/model_set.h"
#include "native/serve/server.h"

namespace {

// 0 stopped on request, 1 could not listen, 2 wrong usage, 3 no page or a model that cannot be read.
int exit_code_of(const coppice::Status& status) {
  if (status.ok()) return 0;
  if (status.code() == coppice::StatusCode::kInvalidUsage) return 2;
  return status.code() == coppice::StatusCode::kFailed ? 1 : 3;
}

int report(const coppice::Status& status) {
  if (!status.ok()) std::cerr << "coppice-serve: " << status.message() << '\n';
  return exit_code_of(status);
}

}  // namespace

int main(int argc, char** argv) {
  std::string dist = "dist";
  std::string models;
  std::string log = "none";
  coppice::serve::ServerOptions options;
  bool no_isolation = false;
  int threads = 0;
  coppice::cli::EnergyOptions energy;

  CLI::App app(
      "Serves the Coppice page and its models over HTTP.\n"
      "SIGINT (Ctrl-C) or SIGTERM ends it when the answers that have begun are finished.",
      "coppice-serve");
  app.footer(
      "Paths: everything below FOLDER; POST /v1/classify, /v1/models, /healthz, /readyz, /metrics; what they take and\n"
      "give is in /openapi.json.\n"
      "Joules are modelled from CPU time and memory; CO2e is told where the place is known, by the options here or by\n"
      "CodeCarbon's settings (CODECARBON_COUNTRY_ISO_CODE, ./.codecarbon.config, ...).\n"
      "Exit codes: 0 stopped on request, 1 could not listen, 2 wrong usage, 3 no page in FOLDER, or a model that "
      "cannot\n"
      "be read.");
  app.add_option("--dist", dist, "Folder of the built page")->type_name("FOLDER")->capture_default_str();
  app.add_option(
         "--models", models,
         "Folder with catalog.json whose models judge reviews, e.g. the page's own; without it the page alone is "
         "handed out")
      ->type_name("FOLDER");
  app.add_option("--host", options.host,
                 "Address to listen on; 0.0.0.0 for every IPv4 address of this machine, :: for those of IPv6 too")
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_option("--port", options.port, "Port to listen on, 0 for any free one")
      ->envname("PORT")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--log", log, "json: one line an answer on standard error, as Cloud Logging reads it, never a text")
      ->check(CLI::IsMember({"none", "json"}))
      ->capture_default_str();
  app.add_option("--project", options.project, "Google Cloud project, for the trace ids of the log")
      ->envname("GOOGLE_CLOUD_PROJECT");
  app.add_option("--threads", threads, "Batches judged at a time, a core each; 0: one per available core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  coppice::cli::add_energy_options(app, energy);
  app.add_flag("--no-isolation", no_isolation,
               "Leave out the cross-origin isolation headers, as a plain static host would: the page then uses one "
               "thread");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  options.isolate = !no_isolation;
  options.limits.batches.workers = threads > 0 ? static_cast<size_t>(threads) : coppice::serve::available_cores();
  if (log == "json") options.log_fd = STDERR_FILENO;

  // Blocked in every thread, and taken by one that waits for them: no code of ours runs inside a signal handler.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  auto site = coppice::serve::Site::open(dist);
  if (!site) return report(site.status());
  std::vector<std::unique_ptr<coppice::serve::Classifier>> classifiers;
  if (!models.empty()) {
    auto opened = coppice::serve::open_models(models);
    if (!opened) return report(opened.status());
    classifiers = *std::move(opened);
  }
  std::string ids;
  for (const auto& classifier : classifiers) ids.append(ids.empty() ? "" : ", ").append(classifier->info().id);
  auto account = coppice::serve::open_account(energy);
  if (!account) return report(account.status());
  options.account = *std::move(account);
  auto server = coppice::serve::SiteServer::bind(*std::move(site), options, std::move(classifiers));
  if (!server) return report(server.status());

  const std::string host = options.host.find(':') == std::string::npos ? options.host : "[" + options.host + "]";
  std::cout << "coppice-serve: http://" << host << ":" << (*server)->port() << "/ serves " << dist
            << (ids.empty() ? "" : " and judges with ") << ids << std::endl;

  std::thread waiter([&] {
    int signal = 0;
    sigwait(&signals, &signal);
    // A copy, since this thread may begin only when main() has returned.
    std::thread([signals] {
      // A second signal does not wait for slow clients.
      int again = 0;
      sigwait(&signals, &again);
      ::_exit(130);
    }).detach();
    (*server)->stop();
  });
  const coppice::Status status = (*server)->run();
  // If run() ended by itself; the thread takes the signal by sigwait().
  pthread_kill(waiter.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
  waiter.join();
  return report(status);
}
