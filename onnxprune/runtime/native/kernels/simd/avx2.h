// Vectors of 8 and 4 floats, for files that are compiled for AVX2 and FMA, or more.
// Everything lies in an unnamed namespace, so that no other file can be linked to code of this one's processor.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace onnxprune {
namespace {

struct V4 {
  using Reg = __m128;
  using Half = void;
  static constexpr int kLanes = 4;
  static Reg zero() { return _mm_setzero_ps(); }
  static Reg load(const float* p) { return _mm_loadu_ps(p); }
  static Reg one(float v) { return _mm_set1_ps(v); }
  static void store(float* p, Reg v) { _mm_storeu_ps(p, v); }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm_fmadd_ps(a, b, c); }
  static Reg add(Reg a, Reg b) { return _mm_add_ps(a, b); }
  static Reg mul(Reg a, Reg b) { return _mm_mul_ps(a, b); }
};

struct V8 {
  using Reg = __m256;
  using Half = V4;
  static constexpr int kLanes = 8;
  static Reg zero() { return _mm256_setzero_ps(); }
  static Reg load(const float* p) { return _mm256_loadu_ps(p); }
  static Reg one(float v) { return _mm256_set1_ps(v); }
  static void store(float* p, Reg v) { _mm256_storeu_ps(p, v); }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
  // What kernels/grouped/tile.h asks for.
  using Places = __m256i;
  static Reg four_each(const float* p) { return _mm256_broadcast_ps(reinterpret_cast<const __m128*>(p)); }
  static Places places(const char* p) {
    int32_t word;  // the upper half belongs to the next
    __builtin_memcpy(&word, p, sizeof word);
    return _mm256_srlv_epi32(_mm256_set1_epi32(word), _mm256_set_epi32(14, 12, 10, 8, 6, 4, 2, 0));
  }
  static Reg pick(Reg v, Places places) { return _mm256_permutevar_ps(v, places); }
  static Reg add(Reg a, Reg b) { return _mm256_add_ps(a, b); }
  static Reg mul(Reg a, Reg b) { return _mm256_mul_ps(a, b); }
  static Reg div(Reg a, Reg b) { return _mm256_div_ps(a, b); }
  static Reg max(Reg a, Reg b) { return _mm256_max_ps(a, b); }
  static Reg min(Reg a, Reg b) { return _mm256_min_ps(a, b); }
  // Over all lanes.
  static float least(Reg a) { return _mm_cvtss_f32(ends<_mm_min_ps>(a)); }
  static float most(Reg a) { return _mm_cvtss_f32(ends<_mm_max_ps>(a)); }
  static float sum(Reg a) { return _mm_cvtss_f32(ends<_mm_add_ps>(a)); }
  template <__m128 (*join)(__m128, __m128)>
  static __m128 ends(Reg a) {
    const __m128 four = join(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = join(four, _mm_movehl_ps(four, four));
    return join(two, _mm_shuffle_ps(two, two, 1));
  }
  static Reg round(Reg a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  // n: whole numbers from -126 to 127.
  static Reg power_of_two(Reg n) {
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
  }
};

// to[j][i] = from[i][j] for 4 x 4 floats, rows `from_stride` and `to_stride` elements apart.
inline void transpose(V4, const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  __m128 r0 = _mm_loadu_ps(from), r1 = _mm_loadu_ps(from + from_stride);
  __m128 r2 = _mm_loadu_ps(from + 2 * from_stride), r3 = _mm_loadu_ps(from + 3 * from_stride);
  _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
  _mm_storeu_ps(to, r0);
  _mm_storeu_ps(to + to_stride, r1);
  _mm_storeu_ps(to + 2 * to_stride, r2);
  _mm_storeu_ps(to + 3 * to_stride, r3);
}

// The same for 8 x 8 floats.
inline void transpose(V8, const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  __m256 r[8], t[8];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {  // rows i and i + 4, left halves in r[i], right halves in r[i + 4]
    const float *low = from + i * from_stride, *high = from + (i + 4) * from_stride;
    r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
    r[i + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low + 4)), _mm_loadu_ps(high + 4), 1);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    _mm256_storeu_ps(to + i * to_stride, _mm256_shuffle_ps(t[i], t[i + 2], 0x44));
    _mm256_storeu_ps(to + (i + 1) * to_stride, _mm256_shuffle_ps(t[i], t[i + 2], 0xee));
    _mm256_storeu_ps(to + (i + 2) * to_stride, _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44));
    _mm256_storeu_ps(to + (i + 3) * to_stride, _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee));
  }
}

}  // namespace
}  // namespace onnxprune
