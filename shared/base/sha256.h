// SHA-256 (FIPS 180-4) for the core, which knows no OpenSSL: what checks a model's files where they are read from
// memory, in a browser as natively. Files on disk are hashed by native/io, whose OpenSSL is several times as fast.
#pragma once

#include <string>
#include <string_view>

namespace coppice {

// Lower-case hex.
std::string portable_sha256_hex(std::string_view bytes);

}  // namespace coppice
