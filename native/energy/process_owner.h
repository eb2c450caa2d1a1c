// To whom a process belongs, for drivers that tell who uses a device by process number.
#pragma once

#include <filesystem>
#include <functional>

#include "native/energy/system.h"

namespace coppice::energy {

enum class Owner {
  kOurs,   // of whom the energy is charged to
  kOther,  // somebody else's
  kGone,   // it has ended and was never seen before: nobody can tell
};

// Answers for a process number; remembers processes it has seen, since devices tell of them after their end. Empty
// where numbers cannot be told apart (see has_own_pid_numbers) or the whole machine is charged.
using OwnerOf = std::function<Owner(int pid)>;

// Ours: the process `root_pid` and its descendants, and what was adopted from them.
OwnerOf owner_by_tree(SystemPaths paths, int root_pid, Adoption adoption);

// Ours: the processes in a cgroup v2 and those below it.
OwnerOf owner_by_cgroup(SystemPaths paths, std::filesystem::path folder);

}  // namespace coppice::energy
