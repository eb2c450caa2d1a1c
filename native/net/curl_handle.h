// libcurl's handles, freed by themselves. For the sources of this folder: its headers name no libcurl.
#pragma once

#include <curl/curl.h>

#include <memory>

namespace coppice::net {

struct CurlCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlHandle = std::unique_ptr<CURL, CurlCleanup>;
using CurlList = std::unique_ptr<curl_slist, CurlCleanup>;

}  // namespace coppice::net
