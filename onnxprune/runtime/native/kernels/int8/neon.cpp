// AArch64 without products of bytes: two numbers of 16 bits in a word, as AVX2 has them.
#include "kernels/int8/neon_words.h"

namespace onnxprune::int8 {
namespace {

struct P4 : FourWords {
  using Number = uint16_t;
  static constexpr int kGroup = 2;
  static Reg dot(Reg sum, Reg x, Reg w) { return add_pairs(sum, x, w); }
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
using Tok4 = TokenTable<P4, 4, false, 1, 2, 3, 4>;

}  // namespace

const Tiles& neon_tiles() { return four_lane_tiles<P4, Shorts, Out16, Out8, Out4, Tok4>("int8/neon"); }

}  // namespace onnxprune::int8
