#include "native/cli/cpu_kernels.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace coppice::cli {
namespace {

TEST(OpenblasCoreType, FollowsTheFlags) {
  EXPECT_EQ(openblas_core_type("fpu sse2 avx avx2 fma"), "Haswell");
  EXPECT_EQ(openblas_core_type("avx2 fma avx512f avx512cd avx512bw avx512dq avx512vl"), "SkylakeX");
  EXPECT_EQ(openblas_core_type("avx512vl avx512dq avx512bw avx512cd avx512f avx512_bf16"), "Cooperlake");
  // A CPU with part of AVX-512 only (Knights Landing) must not get kernels that use the rest.
  EXPECT_EQ(openblas_core_type("avx2 fma avx512f avx512cd"), "Haswell");
  EXPECT_EQ(openblas_core_type("sse2 ssse3"), "");
  EXPECT_EQ(openblas_core_type("avx2x fma"), "");
}

TEST(BackendEnvironment, LeavesAloneWhatTheUserSet) {
  ::setenv("OPENBLAS_CORETYPE", "Zen", 1);
  ::unsetenv("OMP_NUM_THREADS");
  ::unsetenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY");
  bool sets_threads = false;
  bool keeps_kernels = false;
  for (const auto& [name, value] : backend_environment()) {
    EXPECT_NE(name, "OPENBLAS_CORETYPE");
    keeps_kernels = keeps_kernels || name == "ONEDNN_PRIMITIVE_CACHE_CAPACITY";
    sets_threads = sets_threads || (name == "OMP_NUM_THREADS" && value == "1");
  }
  EXPECT_TRUE(sets_threads);
  EXPECT_TRUE(keeps_kernels);
}

}  // namespace
}  // namespace coppice::cli
