// AArch64 without products of bytes: two numbers of 16 bits in a word, as AVX2 has them.
#include "kernels/simd/neon.h"

#include "kernels/int8/output_tile.h"
#include "kernels/int8/quantise_rows.h"
#include "kernels/int8/token_tile.h"

namespace onnxprune::int8 {
namespace {

struct P4 {
  using Reg = int32x4_t;
  using Floats = V4;
  using Number = uint16_t;
  static constexpr int kLanes = 4, kGroup = 2;
  static Reg zero() { return vdupq_n_s32(0); }
  static Reg load(const void* from) { return vld1q_s32(static_cast<const int32_t*>(from)); }
  static void store(void* to, Reg v) { vst1q_s32(static_cast<int32_t*>(to), v); }
  static Reg one(Word v) { return vdupq_n_s32(static_cast<int32_t>(v)); }
  static Reg add(Reg a, Reg b) { return vaddq_s32(a, b); }
  static V4::Reg to_floats(Reg v) { return vcvtq_f32_s32(v); }
  static Reg dot(Reg sum, Reg x, Reg w) {
    const int16x8_t a = vreinterpretq_s16_s32(x), b = vreinterpretq_s16_s32(w);
    return vaddq_s32(sum, vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b)));
  }
  static Reg add_pairs(Reg sum, Reg a, Reg b) { return dot(sum, a, b); }
  // Rows of numbers, as separate() leaves them, to words: two rows are two vectors.
  static void interleave(Reg* x) {
    const int16x8_t a = vreinterpretq_s16_s32(x[0]), b = vreinterpretq_s16_s32(x[1]);
    x[0] = vreinterpretq_s32_s16(vzip1q_s16(a, b)), x[1] = vreinterpretq_s32_s16(vzip2q_s16(a, b));
  }
  static void separate(Reg* x) {
    const int16x8_t a = vreinterpretq_s16_s32(x[0]), b = vreinterpretq_s16_s32(x[1]);
    x[0] = vreinterpretq_s32_s16(vuzp1q_s16(a, b)), x[1] = vreinterpretq_s32_s16(vuzp2q_s16(a, b));
  }
};

struct Shorts {
  using Floats = V4;
  using Number = uint16_t;
  static constexpr int kGroup = 2;
  static void put(uint16_t* to, float32x4_t steps, int32_t zero) {
    const int32x4_t v = vaddq_s32(vcvtnq_s32_f32(steps), vdupq_n_s32(zero));
    vst1_u16(to, vqmovun_s32(vminq_s32(v, vdupq_n_s32(255))));
  }
  static void put_four(uint16_t* to, const float* x, float32x4_t inverse, int32_t zero) {
    for (int i = 0; i < 4; ++i) put(to + 4 * i, vmulq_f32(vld1q_f32(x + 4 * i), inverse), zero);
  }
};

// 32 registers: up to 16 sums, two products on their way, and what they share.
using Out16 = OutputTable<P4, 4, false, 1, 2, 3, 4>;
using Out8 = OutputTable<P4, 2, false, 1, 2, 3, 4, 5, 6, 7, 8>;
using Out4 = OutputTable<P4, 1, false, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
const OutputTiles kOutputs[] = {{16, 4, Out16::fn}, {8, 8, Out8::fn}, {4, 12, Out4::fn}, {0, 0, nullptr}};

using Loose16 = OutputTable<P4, 4, true, 1, 2, 3, 4>;
using Loose8 = OutputTable<P4, 2, true, 1, 2, 3, 4>;
using Loose4 = OutputTable<P4, 1, true, 1, 2, 3, 4>;
const OutputTiles kLooseOutputs[] = {{16, 4, Loose16::fn}, {8, 4, Loose8::fn}, {4, 4, Loose4::fn}, {0, 0, nullptr}};

using Tok4 = TokenTable<P4, 4, false, 1, 2, 3, 4>;
using Tok1 = TokenTable<P4, 1, false, 1, 2, 3, 4, 5, 6, 7, 8>;
const TokenTiles kMany[] = {{4, 4, 4, 1, Tok4::fn}, {1, 4, 8, 1, Tok1::fn}, {0, 0, 0, 1, nullptr}};
const TokenForm kTokens[] = {{kMany, nullptr}, {nullptr, nullptr}};

const TokenForm kLooseTokens[] = {Loose<Whole<P4>>::form, {nullptr, nullptr}};

}  // namespace

const Tiles& neon_tiles() {
  static const Tiles tiles{
      "int8/neon", 2, quantise_rows<Shorts>, kOutputs, kLooseOutputs, kTokens, kLooseTokens, 16, 4, 8,
      4,           5, &neon_block_tiles()};
  return tiles;
}

}  // namespace onnxprune::int8
