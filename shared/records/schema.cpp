#include "shared/records/schema.h"

#include <algorithm>

namespace coppice::records {

Status check_schema_version(const Json& document, int64_t known, const std::string& source) {
  JsonReader reader(document, source);
  const int64_t version = reader.integer("schema_version");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (version != known) {
    return unsupported(source + ": schema_version is " + std::to_string(version) + "; this program reads version " +
                       std::to_string(known) +
                       (version > known ? ". Use a newer Coppice, or make the file anew with this one."
                                        : ". Make the file anew with this program."));
  }
  return {};
}

bool is_model_id(std::string_view id) {
  return !id.empty() && id.size() <= 100 && id.front() != '.' && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

bool is_safe_relative_path(std::string_view path) {
  if (path.empty() || path.size() > 1000) return false;
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\' || c == ':') return false;
  }
  while (true) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace coppice::records
