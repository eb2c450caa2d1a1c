// The folder layout of the Large Movie Review Dataset (Maas et al., ACL 2011):
// {train,test}/{neg,pos}/NUMBER_RATING.txt and, in the official archive, {train,test}/urls_{neg,pos}.txt, whose line
// NUMBER (counted from 0) is the page of the film that review is about.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "native/data/review.h"
#include "shared/base/status.h"

namespace coppice::data {

// One half of the archive ("train" or "test"): negative reviews first, each class by number.
struct AclImdbPart {
  std::vector<Review> reviews;
  std::vector<int> numbers;        // of each review, from its file name
  std::vector<std::string> films;  // of each review, e.g. "tt0453418"; empty when the folder has no urls_*.txt
};

// `folder` itself, or its child aclImdb/, whichever holds train/{neg,pos} or test/{neg,pos}; nothing if neither does.
std::optional<std::filesystem::path> find_acl_imdb_root(const std::filesystem::path& folder);

// Reads `part` ("train" or "test") below `root`. Hidden files are passed over. Errors: a file name that is not
// NUMBER_RATING.txt, a rating that does not fit the folder (1-4 neg, 7-10 pos), a number twice, an empty review, one
// that is not UTF-8, a url list too short for the numbers.
Result<AclImdbPart> read_acl_imdb(const std::filesystem::path& root, const std::string& part);

// The reviews of one folder of NUMBER_RATING.txt files, by number, whatever their rating (train/unsup has 0 for all):
// label kUnlabelled, id "unsup/123_0" with the folder's own name. Errors as above.
Result<std::vector<Review>> read_unlabelled_folder(const std::filesystem::path& folder);

}  // namespace coppice::data
