// Vectors of 16 floats, for files that are compiled for AVX-512.
// Everything lies in an unnamed namespace, so that no other file can be linked to code of this one's processor.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/simd/avx2.h"

namespace onnxprune {
namespace {

struct V16 {
  using Reg = __m512;
  using Half = V8;
  static constexpr int kLanes = 16;
  static Reg zero() { return _mm512_setzero_ps(); }
  static Reg load(const float* p) { return _mm512_loadu_ps(p); }
  static Reg one(float v) { return _mm512_set1_ps(v); }
  // The u-th of four consecutive numbers in all lanes. Loads are what limits a kernel that multiplies every number
  // loaded once; this takes one for four, and the port that shuffles is free.
  static constexpr bool kFours = true;
  static Reg four(const float* p) { return _mm512_castps128_ps512(_mm_loadu_ps(p)); }
  static Reg of_four(Reg four, int u) { return _mm512_permutexvar_ps(_mm512_set1_epi32(u), four); }
  static void store(float* p, Reg v) { _mm512_storeu_ps(p, v); }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
  // What kernels/grouped/tile.h asks for.
  using Places = __m512i;
  static Reg four_each(const float* p) { return _mm512_broadcast_f32x4(_mm_loadu_ps(p)); }
  static Places places(const char* p) {
    int32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    const __m512i shifts = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    return _mm512_srlv_epi32(_mm512_set1_epi32(word), shifts);
  }
  static Reg pick(Reg v, Places places) { return _mm512_permutevar_ps(v, places); }
  static Reg add(Reg a, Reg b) { return _mm512_add_ps(a, b); }
  static Reg mul(Reg a, Reg b) { return _mm512_mul_ps(a, b); }
  static Reg div(Reg a, Reg b) { return _mm512_div_ps(a, b); }
  static Reg max(Reg a, Reg b) { return _mm512_max_ps(a, b); }
  static Reg min(Reg a, Reg b) { return _mm512_min_ps(a, b); }
  static float least(Reg a) { return _mm512_reduce_min_ps(a); }
  static float most(Reg a) { return _mm512_reduce_max_ps(a); }
  static float sum(Reg a) { return _mm512_reduce_add_ps(a); }
  static Reg round(Reg a) { return _mm512_roundscale_ps(a, 0); }
  static Reg power_of_two(Reg n) { return _mm512_scalef_ps(_mm512_set1_ps(1.0f), n); }
};

// The same as in avx2.h for 16 x 16 floats.
inline void transpose(V16, const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  __m512 r[16], t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_ps(from + i * from_stride);
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {  // r[i + j]: column j of every 4 x 4 of rows i to i + 3
    r[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    const __m512 even_low = _mm512_shuffle_f32x4(r[j], r[4 + j], 0x88),
                 odd_low = _mm512_shuffle_f32x4(r[j], r[4 + j], 0xdd);
    const __m512 even_high = _mm512_shuffle_f32x4(r[8 + j], r[12 + j], 0x88);
    const __m512 odd_high = _mm512_shuffle_f32x4(r[8 + j], r[12 + j], 0xdd);
    _mm512_storeu_ps(to + j * to_stride, _mm512_shuffle_f32x4(even_low, even_high, 0x88));
    _mm512_storeu_ps(to + (4 + j) * to_stride, _mm512_shuffle_f32x4(odd_low, odd_high, 0x88));
    _mm512_storeu_ps(to + (8 + j) * to_stride, _mm512_shuffle_f32x4(even_low, even_high, 0xdd));
    _mm512_storeu_ps(to + (12 + j) * to_stride, _mm512_shuffle_f32x4(odd_low, odd_high, 0xdd));
  }
}

}  // namespace
}  // namespace onnxprune
