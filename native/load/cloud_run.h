// What Google tells of a Cloud Run service while it was measured: its revisions, their region, and how many instances
// ran (Cloud Monitoring, metric run.googleapis.com/container/instance_count: sampled once a minute, published minutes
// late).
#pragma once

#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::load {

struct CloudRunQuery {
  std::string project;
  std::string service;
  std::string monitoring_url;  // "": Google's
  std::time_t from = 0;
  std::time_t to = 0;
  double wait_seconds = 0.0;
};

// "https://coppice-pruned-abc123-ew.a.run.app/v1/classify" and "https://coppice-pruned-1234.europe-west1.run.app/" are
// of the service coppice-pruned. Absent for other hosts.
std::optional<std::string> cloud_run_service(std::string_view url);

// One page of a timeSeries.list answer. Each row {"revision","region","service","project","state","instances_max",
// "instances_mean","points"}. kInvalidInput for anything else, with what was expected.
Result<OrderedJson> parse_instance_counts(std::string_view body, std::string& next_page);

// {"source","project","service","series":[...]}; kNotFound where there is no credential, and where nothing was
// published within the time to wait. The token is CLOUDSDK_AUTH_ACCESS_TOKEN or the metadata server's; it is in no
// message.
Result<OrderedJson> read_cloud_run(const CloudRunQuery& query);

}  // namespace coppice::load
