#include "native/cli/hand_over.h"

#include "native/cli/command.h"
#include "native/cli/sibling.h"

namespace coppice::cli {

int work_or_hand_over(const char* name, const PlaceArguments& place, const LiveAccess& live,
                      const std::function<int()>& work) {
  if (place.wants_live() && live.make_source == nullptr) return report(name, become_tools(live.argv));
  return work();
}

}  // namespace coppice::cli
