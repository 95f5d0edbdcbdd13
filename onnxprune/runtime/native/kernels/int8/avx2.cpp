#include "kernels/simd/avx2.h"

#include "kernels/int8/output_tile.h"
#include "kernels/int8/quantise_rows.h"
#include "kernels/int8/token_tile.h"

namespace onnxprune::int8 {
namespace {

// Bytes widened to 16 bits, two inputs at a time: the instruction for four bytes would saturate.
template <class I>
struct Pairs : I {
  using Reg = typename I::Reg;
  using Number = uint16_t;
  static constexpr int kGroup = 2;
  static Reg dot(Reg sum, Reg x, Reg w) { return I::add(sum, I::products(x, w)); }
  static Reg add_pairs(Reg sum, Reg a, Reg b) { return dot(sum, a, b); }
  // Rows of numbers, as separate() leaves them, to words: two rows are two vectors.
  static void interleave(Reg* x) {
    const Reg low = I::low16(x[0], x[1]);
    x[1] = I::high16(x[0], x[1]), x[0] = low;
  }
  static void separate(Reg* x) {
    const Reg first = I::narrow(I::lower(x[0]), I::lower(x[1]));
    x[1] = I::narrow(I::upper(x[0]), I::upper(x[1])), x[0] = first;
  }
};

#define ONNXPRUNE_PAIRS(name, lanes, floats, reg, p, si)                           \
  struct name {                                                                    \
    using Reg = reg;                                                               \
    using Floats = floats;                                                         \
    static constexpr int kLanes = lanes;                                           \
    static Reg zero() { return p##_setzero_##si(); }                               \
    static Reg load(const void* from) { return p##_loadu_##si((const Reg*)from); } \
    static void store(void* to, Reg v) { p##_storeu_##si((Reg*)to, v); }           \
    static Reg one(Word v) { return p##_set1_epi32(static_cast<int>(v)); }         \
    static Reg add(Reg a, Reg b) { return p##_add_epi32(a, b); }                   \
    static Reg products(Reg a, Reg b) { return p##_madd_epi16(a, b); }             \
    static floats::Reg to_floats(Reg v) { return p##_cvtepi32_ps(v); }             \
    static Reg low16(Reg a, Reg b) { return p##_unpacklo_epi16(a, b); }            \
    static Reg high16(Reg a, Reg b) { return p##_unpackhi_epi16(a, b); }           \
    static Reg lower(Reg v) { return p##_srli_epi32(p##_slli_epi32(v, 16), 16); }  \
    static Reg upper(Reg v) { return p##_srli_epi32(v, 16); }                      \
    static Reg narrow(Reg a, Reg b) { return p##_packus_epi32(a, b); }             \
  };

ONNXPRUNE_PAIRS(I8, 8, V8, __m256i, _mm256, si256)
ONNXPRUNE_PAIRS(I4, 4, V4, __m128i, _mm, si128)
using P8 = Pairs<I8>;
using P4 = Pairs<I4>;

struct Shorts {
  using Floats = V8;
  using Number = uint16_t;
  static constexpr int kGroup = 2;
  static void put(uint16_t* to, __m256 steps, int32_t zero) {
    const __m256i v = _mm256_add_epi32(_mm256_cvtps_epi32(steps), _mm256_set1_epi32(zero));
    const __m256i most = _mm256_min_epi32(v, _mm256_set1_epi32(255));
    const __m128i low = _mm256_castsi256_si128(most), high = _mm256_extracti128_si256(most, 1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_packus_epi32(low, high));
  }
  static void put_four(uint16_t* to, const float* x, __m256 inverse, int32_t zero) {
    for (int i = 0; i < 4; ++i) put(to + 8 * i, _mm256_mul_ps(_mm256_loadu_ps(x + 8 * i), inverse), zero);
  }
};

// 16 registers: 10 sums, a product on its way to each, and what they share.
using Out16 = OutputTable<P8, 2, false, 1, 2, 3, 4, 5>;
using Out8 = OutputTable<P8, 1, false, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10>;
using Out4 = OutputTable<P4, 1, false, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10>;
const OutputTiles kOutputs[] = {{16, 5, Out16::fn}, {8, 10, Out8::fn}, {4, 10, Out4::fn}, {0, 0, nullptr}};

using Loose16 = OutputTable<P8, 2, true, 1, 2, 3, 4>;
using Loose8 = OutputTable<P8, 1, true, 1, 2, 3, 4>;
using Loose4 = OutputTable<P4, 1, true, 1, 2, 3, 4>;
const OutputTiles kLooseOutputs[] = {{16, 4, Loose16::fn}, {8, 4, Loose8::fn}, {4, 4, Loose4::fn}, {0, 0, nullptr}};

using Tok4 = TokenTable<P8, 4, false, 1, 2, 3>;
using Tok1 = TokenTable<P8, 1, false, 1, 2, 3, 4, 5, 6, 7, 8>;
const TokenTiles kMany[] = {{4, 8, 3, 1, Tok4::fn}, {1, 8, 8, 1, Tok1::fn}, {0, 0, 0, 1, nullptr}};
const TokenForm kTokens[] = {{kMany, nullptr}, {nullptr, nullptr}};

const TokenForm kLooseTokens[] = {Loose<Whole<P4>>::form, Loose<Whole<P8>>::form, {nullptr, nullptr}};

}  // namespace

const Tiles& avx2_tiles() {
  static const Tiles tiles{
      "int8/avx2", 2, quantise_rows<Shorts>, kOutputs, kLooseOutputs, kTokens, kLooseTokens, 8, 4, 8,
      4,           5, &avx2_block_tiles()};
  return tiles;
}

}  // namespace onnxprune::int8
