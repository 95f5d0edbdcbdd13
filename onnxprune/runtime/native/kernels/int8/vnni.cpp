#include "kernels/int8/output_tile.h"
#include "kernels/int8/quantise_rows.h"
#include "kernels/int8/token_tile.h"
#include "kernels/simd/avx512.h"

namespace onnxprune::int8 {
namespace {

// Written out, because gcc keeps sums in memory around the intrinsics of these two.
#define ONNXPRUNE_DOT(instruction, sum, a, b) __asm__(instruction " %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b))

// What vectors of 16, 8 and 4 words have in common: I has the operations of their width.
template <class I>
struct Words : I {
  using Reg = typename I::Reg;
  using Number = uint8_t;
  static constexpr int kGroup = 4;
  // sum + the four products of every lane: bytes of x by signed bytes of w.
  static Reg dot(Reg sum, Reg x, Reg w) {
    ONNXPRUNE_DOT("vpdpbusd", sum, x, w);
    return sum;
  }
  // sum + the two products of every lane, of numbers of 16 bits.
  static Reg add_pairs(Reg sum, Reg a, Reg b) {
    ONNXPRUNE_DOT("vpdpwssd", sum, a, b);
    return sum;
  }
  // Rows of numbers, as separate() leaves them, to words: four rows are four vectors.
  static void interleave(Reg* x) {
    const Reg low = I::low8(x[0], x[1]), high = I::high8(x[0], x[1]);
    const Reg low2 = I::low8(x[2], x[3]), high2 = I::high8(x[2], x[3]);
    x[0] = I::low16(low, low2), x[1] = I::high16(low, low2);
    x[2] = I::low16(high, high2), x[3] = I::high16(high, high2);
  }
  // The way back: 4 x 4 bytes within every 128 bits, then 4 x 4 of such lanes' words.
  static void separate(Reg* x) {
    const Reg a = I::bytes(x[0]), b = I::bytes(x[1]), c = I::bytes(x[2]), d = I::bytes(x[3]);
    const Reg ab = I::low32(a, b), ab2 = I::high32(a, b), cd = I::low32(c, d), cd2 = I::high32(c, d);
    x[0] = I::low64(ab, cd), x[1] = I::high64(ab, cd);
    x[2] = I::low64(ab2, cd2), x[3] = I::high64(ab2, cd2);
  }
};

#define ONNXPRUNE_WORDS(name, lanes, floats, reg, p, si, order)                    \
  struct name {                                                                    \
    using Reg = reg;                                                               \
    using Floats = floats;                                                         \
    static constexpr int kLanes = lanes;                                           \
    static Reg zero() { return p##_setzero_##si(); }                               \
    static Reg load(const void* from) { return p##_loadu_##si((const Reg*)from); } \
    static void store(void* to, Reg v) { p##_storeu_##si((Reg*)to, v); }           \
    static Reg one(Word v) { return p##_set1_epi32(static_cast<int>(v)); }         \
    static Reg add(Reg a, Reg b) { return p##_add_epi32(a, b); }                   \
    static floats::Reg to_floats(Reg v) { return p##_cvtepi32_ps(v); }             \
    static Reg low8(Reg a, Reg b) { return p##_unpacklo_epi8(a, b); }              \
    static Reg high8(Reg a, Reg b) { return p##_unpackhi_epi8(a, b); }             \
    static Reg low16(Reg a, Reg b) { return p##_unpacklo_epi16(a, b); }            \
    static Reg high16(Reg a, Reg b) { return p##_unpackhi_epi16(a, b); }           \
    static Reg low32(Reg a, Reg b) { return p##_unpacklo_epi32(a, b); }            \
    static Reg high32(Reg a, Reg b) { return p##_unpackhi_epi32(a, b); }           \
    static Reg low64(Reg a, Reg b) { return p##_unpacklo_epi64(a, b); }            \
    static Reg high64(Reg a, Reg b) { return p##_unpackhi_epi64(a, b); }           \
    static Reg bytes(Reg v) { return p##_shuffle_epi8(v, order); }                 \
  };

inline __m128i transposed() { return _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15); }

ONNXPRUNE_WORDS(I16, 16, V16, __m512i, _mm512, si512, _mm512_broadcast_i32x4(transposed()))
ONNXPRUNE_WORDS(I8, 8, V8, __m256i, _mm256, si256, _mm256_broadcastsi128_si256(transposed()))
ONNXPRUNE_WORDS(I4, 4, V4, __m128i, _mm, si128, transposed())
using W16 = Words<I16>;
using W8 = Words<I8>;
using W4 = Words<I4>;

struct Bytes {
  using Floats = V16;
  using Number = uint8_t;
  static constexpr int kGroup = 4;
  static void put(uint8_t* to, __m512 steps, int32_t zero) {
    const __m512i v = _mm512_add_epi32(_mm512_cvtps_epi32(steps), _mm512_set1_epi32(zero));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtusepi32_epi8(v));
  }
  // Narrowed within 128 bits, which leaves four vectors' lanes taking turns.
  static void put_four(uint8_t* to, const float* x, __m512 inverse, int32_t zero) {
    __m512i v[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) v[i] = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + 16 * i), inverse));
    const __m512i zeros = _mm512_set1_epi16(static_cast<int16_t>(zero));
    const __m512i a = _mm512_add_epi16(_mm512_packs_epi32(v[0], v[1]), zeros);
    const __m512i b = _mm512_add_epi16(_mm512_packs_epi32(v[2], v[3]), zeros);
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm512_storeu_si512(to, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(a, b)));
  }
};

// 32 registers: 24 sums, what they share, and some room. Two products and more per load, of which there is one a cycle.
using Out64 = OutputTable<W16, 4, false, 1, 2, 3, 4, 5, 6>;
using Out32 = OutputTable<W16, 2, false, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
using Out16 = OutputTable<W16, 1, false, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16>;
using Out8 = OutputTable<W8, 1, false, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
using Out4 = OutputTable<W4, 1, false, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
const OutputTiles kOutputs[] = {{64, 6, Out64::fn}, {32, 12, Out32::fn}, {16, 16, Out16::fn},
                                {8, 12, Out8::fn},  {4, 12, Out4::fn},   {0, 0, nullptr}};

using Loose64 = OutputTable<W16, 4, true, 1, 2, 3, 4>;
using Loose16 = OutputTable<W16, 1, true, 1, 2, 3, 4>;
using Loose8 = OutputTable<W8, 1, true, 1, 2, 3, 4>;
using Loose4 = OutputTable<W4, 1, true, 1, 2, 3, 4>;
const OutputTiles kLooseOutputs[] = {
    {64, 4, Loose64::fn}, {16, 4, Loose16::fn}, {8, 4, Loose8::fn}, {4, 4, Loose4::fn}, {0, 0, nullptr}};

// Eight tokens, whose rows of numbers fill a quarter of a vector.
struct Eight : W8 {
  static constexpr int kTogether = 1;
  static __m128i row(const uint8_t* numbers, uint16_t input) {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(numbers + int64_t{input} * kLanes));
  }
  static void gather(const uint8_t* numbers, const uint16_t* index, __m256i* x) {
    const __m128i low = _mm_unpacklo_epi8(row(numbers, index[0]), row(numbers, index[1]));
    const __m128i high = _mm_unpacklo_epi8(row(numbers, index[2]), row(numbers, index[3]));
    x[0] = _mm256_set_m128i(_mm_unpackhi_epi16(low, high), _mm_unpacklo_epi16(low, high));
  }
  static void separate(__m256i* x) {
    x[0] = _mm256_permutevar8x32_epi32(bytes(x[0]), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  }
};

using Tok8 = TokenTable<W16, 8, false, 1, 2, 3>;
using Tok4 = TokenTable<W16, 4, false, 1, 2, 3, 4, 5, 6>;
using Tok1 = TokenTable<W16, 1, false, 1, 2, 3, 4, 5, 6, 7, 8>;
const TokenTiles kMany[] = {
    {8, 16, 3, 1, Tok8::fn}, {4, 16, 6, 1, Tok4::fn}, {1, 16, 8, 1, Tok1::fn}, {0, 0, 0, 1, nullptr}};
using Few4 = TokenTable<W8, 4, false, 1>;
using Few1 = TokenTable<W8, 1, false, 1>;
const TokenTiles kFew[] = {{4, 8, 1, 1, Few4::fn}, {1, 8, 1, 1, Few1::fn}, {0, 0, 0, 1, nullptr}};
const TokenForm kTokens[] = {{kFew, nullptr}, {kMany, nullptr}, {nullptr, nullptr}};

const TokenForm kLooseTokens[] = {
    Loose<Eight>::form, Loose<Whole<W4>>::form, Loose<Whole<W8>>::form, Loose<Whole<W16>>::form, {nullptr, nullptr}};

}  // namespace

const Tiles& vnni_tiles() {
  static const Tiles tiles{
      "int8/vnni", 4, quantise_rows<Bytes>, kOutputs, kLooseOutputs, kTokens, kLooseTokens, 13, 8, 6,
      4,           2, &avx512_block_tiles()};
  return tiles;
}

}  // namespace onnxprune::int8
