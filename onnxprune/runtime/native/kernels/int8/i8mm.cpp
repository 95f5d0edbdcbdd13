// AArch64 with products of unsigned by signed bytes (USDOT): four bytes in a word, as VNNI has them.
#include "kernels/int8/neon_words.h"

namespace onnxprune::int8 {
namespace {

struct W4 : FourWords {
  using Number = uint8_t;
  static constexpr int kGroup = 4;
  // sum + the four products of every lane: bytes of x by signed bytes of w.
  static Reg dot(Reg sum, Reg x, Reg w) { return vusdotq_s32(sum, vreinterpretq_u8_s32(x), vreinterpretq_s8_s32(w)); }
  // Rows of numbers, as separate() leaves them, to words: four rows are four vectors.
  static void interleave(Reg* x) {
    const uint8x16_t a = bytes(x[0]), b = bytes(x[1]), c = bytes(x[2]), d = bytes(x[3]);
    const uint16x8_t ab = vreinterpretq_u16_u8(vzip1q_u8(a, b)), ab2 = vreinterpretq_u16_u8(vzip2q_u8(a, b));
    const uint16x8_t cd = vreinterpretq_u16_u8(vzip1q_u8(c, d)), cd2 = vreinterpretq_u16_u8(vzip2q_u8(c, d));
    x[0] = vreinterpretq_s32_u16(vzip1q_u16(ab, cd)), x[1] = vreinterpretq_s32_u16(vzip2q_u16(ab, cd));
    x[2] = vreinterpretq_s32_u16(vzip1q_u16(ab2, cd2)), x[3] = vreinterpretq_s32_u16(vzip2q_u16(ab2, cd2));
  }
  // The way back.
  static void separate(Reg* x) {
    const uint16x8_t a = pairs(x[0]), b = pairs(x[1]), c = pairs(x[2]), d = pairs(x[3]);
    const uint8x16_t even = vreinterpretq_u8_u16(vuzp1q_u16(a, b)), odd = vreinterpretq_u8_u16(vuzp2q_u16(a, b));
    const uint8x16_t even2 = vreinterpretq_u8_u16(vuzp1q_u16(c, d)), odd2 = vreinterpretq_u8_u16(vuzp2q_u16(c, d));
    x[0] = vreinterpretq_s32_u8(vuzp1q_u8(even, even2)), x[1] = vreinterpretq_s32_u8(vuzp2q_u8(even, even2));
    x[2] = vreinterpretq_s32_u8(vuzp1q_u8(odd, odd2)), x[3] = vreinterpretq_s32_u8(vuzp2q_u8(odd, odd2));
  }

 private:
  static uint8x16_t bytes(Reg v) { return vreinterpretq_u8_s32(v); }
  static uint16x8_t pairs(Reg v) { return vreinterpretq_u16_s32(v); }
};

struct Bytes {
  using Floats = V4;
  using Number = uint8_t;
  static constexpr int kGroup = 4;
  static uint16x4_t numbers(float32x4_t steps, int32_t zero) {
    return vqmovun_s32(vaddq_s32(vcvtnq_s32_f32(steps), vdupq_n_s32(zero)));
  }
  static void put(uint8_t* to, float32x4_t steps, int32_t zero) {
    const uint16x4_t four = numbers(steps, zero);
    const uint32x2_t word = vreinterpret_u32_u8(vqmovn_u16(vcombine_u16(four, four)));
    vst1_lane_u32(reinterpret_cast<uint32_t*>(to), word, 0);
  }
  static void put_four(uint8_t* to, const float* x, float32x4_t inverse, int32_t zero) {
    uint16x4_t v[4];
    for (int i = 0; i < 4; ++i) v[i] = numbers(vmulq_f32(vld1q_f32(x + 4 * i), inverse), zero);
    const uint8x8_t low = vqmovn_u16(vcombine_u16(v[0], v[1])), high = vqmovn_u16(vcombine_u16(v[2], v[3]));
    vst1q_u8(to, vcombine_u8(low, high));
  }
};

// 32 registers: up to 24 sums, what they share, and some room.
using Out16 = OutputTable<W4, 4, false, 1, 2, 3, 4, 5, 6>;
using Out8 = OutputTable<W4, 2, false, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
using Out4 = OutputTable<W4, 1, false, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
using Tok4 = TokenTable<W4, 4, false, 1, 2, 3, 4, 5, 6>;

}  // namespace

const Tiles& i8mm_tiles() { return four_lane_tiles<W4, Bytes, Out16, Out8, Out4, Tok4>("int8/i8mm"); }

}  // namespace onnxprune::int8
