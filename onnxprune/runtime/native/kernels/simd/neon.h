// Vectors of 4 floats, for AArch64.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace onnxprune {
namespace {

struct V4 {
  using Reg = float32x4_t;
  using Half = void;
  static constexpr int kLanes = 4;
  static Reg zero() { return vdupq_n_f32(0.0f); }
  static Reg load(const float* p) { return vld1q_f32(p); }
  static Reg one(float v) { return vdupq_n_f32(v); }
  static void store(float* p, Reg v) { vst1q_f32(p, v); }
  static Reg fma(Reg a, Reg b, Reg c) { return vfmaq_f32(c, a, b); }
  static Reg add(Reg a, Reg b) { return vaddq_f32(a, b); }
  static Reg mul(Reg a, Reg b) { return vmulq_f32(a, b); }
  static Reg div(Reg a, Reg b) { return vdivq_f32(a, b); }
  // Like x86: the second operand where either is a NaN.
  static Reg max(Reg a, Reg b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
  static Reg min(Reg a, Reg b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
  static float least(Reg a) { return vminvq_f32(a); }
  static float most(Reg a) { return vmaxvq_f32(a); }
  static float sum(Reg a) { return vaddvq_f32(a); }
  static Reg round(Reg a) { return vrndnq_f32(a); }
  // n: whole numbers from -126 to 127.
  static Reg power_of_two(Reg n) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23));
  }
};

// to[j][i] = from[i][j] for 4 x 4 floats, rows `from_stride` and `to_stride` elements apart.
inline void transpose(V4, const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  const float32x4x2_t low = vtrnq_f32(vld1q_f32(from), vld1q_f32(from + from_stride));
  const float32x4x2_t high = vtrnq_f32(vld1q_f32(from + 2 * from_stride), vld1q_f32(from + 3 * from_stride));
  for (int j = 0; j < 2; ++j) {
    vst1q_f32(to + j * to_stride, vcombine_f32(vget_low_f32(low.val[j]), vget_low_f32(high.val[j])));
    vst1q_f32(to + (j + 2) * to_stride, vcombine_f32(vget_high_f32(low.val[j]), vget_high_f32(high.val[j])));
  }
}

}  // namespace
}  // namespace onnxprune
