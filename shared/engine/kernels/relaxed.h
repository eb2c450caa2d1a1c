// Instructions of WebAssembly's relaxed SIMD, for the build of the engine that browsers with them take.
//
// LLVM 14 (Emscripten 3.1.6) has the proposal's early opcodes, which no browser accepts, and no integer dot product;
// Highway 1.0.3 has none of it. So they are calls of imported functions, which scripts/relax-wasm.mjs turns into the
// instructions in the finished module. `const`: like an instruction, a call has no effect but its result.
#pragma once

#ifdef COPPICE_RELAXED_SIMD
#include <wasm_simd128.h>

#define COPPICE_RELAXED(NAME) __attribute__((const, import_module("relaxed"), import_name(NAME)))
extern "C" {
// a * b + c, rounded once or twice.
COPPICE_RELAXED("f32x4_relaxed_madd") v128_t coppice_relaxed_madd(v128_t a, v128_t b, v128_t c);
// c + the sums of four products of int8 of a and of b, whose values must be 0 to 127, in each 32-bit lane. Exact.
// The next as well: what becomes of other values of b is the processor's affair. x86-64 takes them as 0 to 255.
COPPICE_RELAXED("i32x4_relaxed_dot_i8x16_i7x16_add_s") v128_t coppice_relaxed_dot(v128_t a, v128_t b, v128_t c);
// The sums of two such products in each 16-bit lane. Exact: they are below 2^15.
COPPICE_RELAXED("i16x8_relaxed_dot_i8x16_i7x16_s") v128_t coppice_relaxed_dot_pairs(v128_t a, v128_t b);
}
#undef COPPICE_RELAXED

namespace coppice::engine::kernels {
// Whether the two products of bytes take b as 0 to 255, as tried when the module begins. Quantized activations then lie
// as they are and are multiplied by any weights of seven bits and a sign, else as x - 128, by weights that are offset.
bool relaxed_reads_unsigned();
// By which bits the stored bytes of four activations differ from them: 0x80808080, or none.
extern int32_t relaxed_stored_bits;
}  // namespace coppice::engine::kernels
#endif
