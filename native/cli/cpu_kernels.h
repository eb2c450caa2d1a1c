// The environment coppice-torch is started in: settings that must be there before libtorch and its BLAS load.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::cli {

// The OPENBLAS_CORETYPE for a CPU with these flags (the "flags" line of /proc/cpuinfo), or empty to leave the choice to
// OpenBLAS. Debian's OpenBLAS 0.3.21 does not know newer AVX-512 machines by name and then takes kernels of 2004
// (Prescott): 60 instead of over 200 GFLOPS.
std::string openblas_core_type(std::string_view cpu_flags);

// What to set, leaving alone what the user has set: OPENBLAS_CORETYPE by the CPU's flags, one thread for OpenMP and
// OpenBLAS (the backend spreads micro-batches over cores itself, native/model/worker_pool.h), and room in oneDNN's
// cache of kernels for one each row count of a micro-batch: with the 1,024 of its default, Debian's oneDNN 2.6.3 threw
// std::bad_array_new_length out of making a bfloat16 kernel while another thread did (seen twice in 2,000 to 3,000
// reviews, not in 22,511 with this).
std::vector<std::pair<std::string, std::string>> backend_environment();

}  // namespace coppice::cli
