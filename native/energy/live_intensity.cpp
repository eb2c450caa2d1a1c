#include "native/energy/live_intensity.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "native/net/request.h"
#include "shared/base/json.h"

namespace coppice::energy {
namespace {

constexpr size_t kLongestToken = 512;
constexpr size_t kLongestMessage = 160;

Status check_token(const std::string& token, const std::string& where) {
  const bool printable = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 127; });
  if (!token.empty() && token.size() <= kLongestToken && printable) return {};
  return invalid_usage(where + ": expected a token of Electricity Maps, letters and digits without blanks" +
                       (token.empty() ? "; it is empty" : ""));
}

// The host of an address, "127.0.0.1" of "http://127.0.0.1:8000/v4".
std::string host_of(const std::string& url, size_t scheme) {
  const std::string rest = url.substr(scheme, url.find_first_of("/?#", scheme) - scheme);
  return rest.substr(0, rest.front() == '[' ? rest.find(']') + 1 : rest.find(':'));
}

Status check_url(const std::string& url) {
  const bool plain = url.compare(0, 7, "http://") == 0;
  const bool sound = (plain || url.compare(0, 8, "https://") == 0) && url.size() > 8 &&
                     url.find_first_of("?#@ \\") == std::string::npos;
  if (!sound)
    return invalid_usage("--electricity-maps-url: expected an address such as " + std::string(kElectricityMapsUrl));
  const std::string host = plain ? host_of(url, 7) : "";
  if (plain && host != "127.0.0.1" && host != "localhost" && host != "[::1]") {
    return invalid_usage("--electricity-maps-url: " + url + " would send the token without encryption; use https");
  }
  return {};
}

// What the service says of its refusal: one short line, without the token if it repeats it.
std::string said(const net::GetReply& reply, const std::string& token) {
  const Json document = Json::parse(reply.body, nullptr, false);
  std::string text;
  if (document.is_object()) {
    for (const char* member : {"error", "message"}) {
      if (text.empty() && document.contains(member) && document[member].is_string()) text = document[member];
    }
  }
  for (size_t at = text.find(token); at != std::string::npos; at = text.find(token))
    text.replace(at, token.size(), "***");
  for (char& c : text) c = c >= ' ' && c < 127 ? c : ' ';
  return text.empty() ? "" : " (it says: " + text.substr(0, kLongestMessage) + ")";
}

Status refused(const net::GetReply& reply, const LiveOptions& options, const std::string& zone) {
  const std::string what =
      "Electricity Maps, zone " + zone + ": HTTP " + std::to_string(reply.code) + said(reply, options.token);
  switch (reply.code) {
    case 401:
    case 403:
      return failed(what + ": the token was refused; check it, and that its plan includes this zone");
    case 400:
    case 404:
      return not_found(what +
                       ": no value for this zone; app.electricitymaps.com shows the zones, and which have data now");
    case 429: {
      const auto after = reply.headers.find("retry-after");
      return failed(what + ": too many requests for this token; try again " +
                    (after == reply.headers.end() ? "later" : "in " + after->second.substr(0, 20) + " s"));
    }
    default:
      if (reply.code >= 300 && reply.code < 400) {
        return failed(what +
                      ": answered with a redirect, which is not followed with a token; check --electricity-maps-url");
      }
      return failed(what + ": try again later, or take a yearly figure with --country");
  }
}

}  // namespace

Result<Intensity> fetch_live_intensity(const LiveOptions& options) {
  COPPICE_ASSIGN_OR_RETURN(const std::string zone, electricity_maps_zone(options.zone));
  COPPICE_RETURN_IF_ERROR(check_token(options.token, "Electricity Maps"));
  COPPICE_RETURN_IF_ERROR(check_url(options.base_url));
  net::GetRequest request;
  request.url = options.base_url;
  while (request.url.back() == '/') request.url.pop_back();
  request.url += electricity_maps_path(zone);
  request.headers = {{"auth-token", options.token}, {"Accept", "application/json"}};
  request.timeout_seconds = options.timeout_seconds;
  COPPICE_ASSIGN_OR_RETURN(const net::GetReply reply, net::http_get(request));
  if (reply.code != 200) return refused(reply, options, zone);
  return parse_electricity_maps(reply.body, zone, "Electricity Maps, zone " + zone);
}

Result<LiveToken> find_live_token(const std::filesystem::path& file, const char* environment_token,
                                  const std::map<std::string, Setting>& codecarbon) {
  LiveToken found;
  std::string where;
  if (!file.empty()) {
    where = "--electricity-maps-token-file " + file.string();
    std::ifstream in(file);
    if (!in) return not_found(where + ": cannot be read");
    std::string line(kLongestToken + 2, '\0');
    in.read(line.data(), static_cast<std::streamsize>(line.size()));
    line.resize(static_cast<size_t>(in.gcount()));
    found.token = line.substr(0, line.find_first_of("\r\n"));
    struct stat info {};
    if (::stat(file.c_str(), &info) == 0 && (info.st_mode & (S_IRGRP | S_IROTH)) != 0) {
      found.warning = file.string() + ": others can read the token; chmod 600 keeps it to yourself";
    }
  } else if (environment_token != nullptr && *environment_token != '\0') {
    where = "ELECTRICITYMAPS_TOKEN";
    found.token = environment_token;
  } else if (const auto setting = codecarbon.find("electricitymaps_api_token"); setting != codecarbon.end()) {
    where = setting->second.source + ": electricitymaps_api_token";
    found.token = setting->second.value;
  } else {
    return invalid_usage(
        "--live needs a token of Electricity Maps: put it into ELECTRICITYMAPS_TOKEN or a file named with "
        "--electricity-maps-token-file (free for personal use: app.electricitymaps.com)");
  }
  COPPICE_RETURN_IF_ERROR(check_token(found.token, where));
  return found;
}

}  // namespace coppice::energy
