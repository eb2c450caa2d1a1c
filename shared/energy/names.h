// "Did you mean": the names nearest to one that is not known.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::energy {

// ASCII letters to lower case, others as they are.
std::string lower(std::string_view text);
// ASCII letters to upper case, others as they are.
std::string upper(std::string_view text);

// Up to `count` of `names`, nearest first, by edit distance without regard to case; a name that starts with the query
// counts as near. Names farther away than half the query's length are left out.
std::vector<std::string> nearest_names(std::string_view query, const std::vector<std::string>& names, size_t count = 5);

// " Did you mean A, B or C?" or "" for an empty list.
std::string did_you_mean(const std::vector<std::string>& names);

}  // namespace coppice::energy
