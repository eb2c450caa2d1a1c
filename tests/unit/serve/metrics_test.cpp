#include "native/serve/metrics.h"

#include <gtest/gtest.h>

namespace coppice::serve {
namespace {

TEST(Metrics, AreInPrometheusTextFormat) {
  Metrics metrics;
  metrics.count_request(Route::kClassify, 200, 0.002);
  metrics.count_request(Route::kClassify, 200, 0.0025);  // a bound is part of its bucket
  metrics.count_request(Route::kClassify, 429, 20.0);
  metrics.count_request(Route::kPage, 404, 0.0001);
  metrics.count_texts("a", 3);
  metrics.count_run(2);
  metrics.count_run(1);
  metrics.count_refused_connection();
  const std::string text = metrics.prometheus("extra 1\n");
  for (const char* line : {
           "# TYPE coppice_http_requests_total counter\n",
           "coppice_http_requests_total{route=\"/v1/classify\",status=\"200\"} 2\n",
           "coppice_http_requests_total{route=\"/v1/classify\",status=\"429\"} 1\n",
           "coppice_http_requests_total{route=\"page\",status=\"404\"} 1\n",
           "# TYPE coppice_http_request_duration_seconds histogram\n",
           "coppice_http_request_duration_seconds_bucket{route=\"/v1/classify\",le=\"0.001\"} 0\n",
           "coppice_http_request_duration_seconds_bucket{route=\"/v1/classify\",le=\"0.0025\"} 2\n",
           "coppice_http_request_duration_seconds_bucket{route=\"/v1/classify\",le=\"10\"} 2\n",
           "coppice_http_request_duration_seconds_bucket{route=\"/v1/classify\",le=\"+Inf\"} 3\n",
           "coppice_http_request_duration_seconds_count{route=\"/v1/classify\"} 3\n",
           "coppice_http_request_duration_seconds_sum{route=\"/v1/classify\"} 20.0045\n",
           "coppice_classified_texts_total{model=\"a\"} 3\n",
           "coppice_model_runs_total 2\n",
           "coppice_model_run_texts_total 3\n",
           "coppice_connections_refused_total 1\n",
           "extra 1\n",
       }) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace coppice::serve
