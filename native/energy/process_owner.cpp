#include "native/energy/process_owner.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace coppice::energy {

namespace {

// kOther if some process on the way up is not ours to the top.
Owner by_ancestors(const SystemPaths& paths, int pid, int root_pid, const Adoption& adoption) {
  for (int steps = 0; steps < 1000; ++steps) {
    if (pid == root_pid) return Owner::kOurs;
    const auto parent = parent_of(paths, pid);
    if (!parent) return steps == 0 ? Owner::kGone : Owner::kOther;
    if (adoption.adopter != 0 && *parent == adoption.adopter) {
      const auto& before = adoption.not_adopted;
      return std::find(before.begin(), before.end(), pid) == before.end() ? Owner::kOurs : Owner::kOther;
    }
    if (*parent <= 0) return Owner::kOther;
    pid = *parent;
  }
  return Owner::kOther;
}

Owner by_cgroup(const SystemPaths& paths, int pid, const std::filesystem::path& folder) {
  const auto found = cgroup_of(paths, std::to_string(pid));
  if (!found) return parent_of(paths, pid) ? Owner::kOther : Owner::kGone;
  const auto [folder_end, found_end] = std::mismatch(folder.begin(), folder.end(), found->begin(), found->end());
  return folder_end == folder.end() ? Owner::kOurs : Owner::kOther;
}

// A number is given to another process only after all others were used up, so that ours stay ours.
template <typename Look>
OwnerOf remembering(Look look) {
  return [look = std::move(look), ours = std::set<int>()](int pid) mutable {
    if (ours.contains(pid)) return Owner::kOurs;
    const Owner owner = look(pid);
    if (owner == Owner::kOurs) ours.insert(pid);
    return owner;
  };
}

}  // namespace

OwnerOf owner_by_tree(SystemPaths paths, int root_pid, Adoption adoption) {
  return remembering([paths = std::move(paths), root_pid, adoption = std::move(adoption)](int pid) {
    return by_ancestors(paths, pid, root_pid, adoption);
  });
}

OwnerOf owner_by_cgroup(SystemPaths paths, std::filesystem::path folder) {
  return remembering([paths = std::move(paths), folder = std::move(folder).lexically_normal()](int pid) {
    return by_cgroup(paths, pid, folder);
  });
}

}  // namespace coppice::energy
