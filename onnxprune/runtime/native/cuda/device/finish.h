// What happens to a sum before it is stored: Y = act(sum + bias) + residual, as core/epilogue.h says.
#pragma once

#include <math.h>

#include "core/epilogue.h"
#include "cuda/numbers.h"

namespace onnxprune::cuda {

#ifdef __CUDACC__
// The hardware's own conversions; core/half.h has the host's.
ONNXPRUNE_DEVICE float read(float v) { return v; }
ONNXPRUNE_DEVICE float read(Float16 v) { return __half2float(__ushort_as_half(v.bits)); }
ONNXPRUNE_DEVICE float read(BFloat16 v) { return __uint_as_float(static_cast<uint32_t>(v.bits) << 16); }
template <class T>
ONNXPRUNE_DEVICE T rounded(float v);
template <>
ONNXPRUNE_DEVICE float rounded<float>(float v) {
  return v;
}
template <>
ONNXPRUNE_DEVICE Float16 rounded<Float16>(float v) {
  return {__half_as_ushort(__float2half_rn(v))};
}
template <>
ONNXPRUNE_DEVICE BFloat16 rounded<BFloat16>(float v) {
  return {__bfloat16_as_ushort(__float2bfloat16_rn(v))};
}
#else
template <class T>
float read(T v) {
  return to_float(v);
}
template <class T>
T rounded(float v) {
  return from_float<T>(v);
}
#endif

ONNXPRUNE_DEVICE float activated(float v, Activation act) {
  switch (act) {
    case Activation::relu:
      return v < 0 ? 0 : v;
    case Activation::gelu_erf:
      return 0.5f * v * (1 + erff(v * 0.70710678f));
    case Activation::gelu_tanh:
      return 0.5f * v * (1 + tanhf(0.79788456f * (v + 0.044715f * v * v * v)));
    case Activation::silu:
      return v / (1 + expf(-v));
    default:
      return v;
  }
}

// Y and what is added to it. bias and residual may be null; rows of the residual are residual_stride apart.
template <class T>
struct Output {
  T* y;
  const T* bias;
  const T* residual;
  int64_t residual_stride, m, n;
  Activation act;
  bool sum_first;  // the residual is added before the activation

  ONNXPRUNE_DEVICE void store(int64_t token, int64_t output, float sum) const {
    const float other = residual ? read(residual[token * residual_stride + output]) : 0.0f;
    float v = bias ? sum + read(bias[output]) : sum;
    v = sum_first ? activated(v + other, act) : activated(v, act) + other;
    y[token * n + output] = rounded<T>(v);
  }
};

// A tile's sums lie in a warp's part of shared memory on their way out, so that lanes that write neighbours of Y finish
// them: kPanel rows of X by 16 outputs.
constexpr int kStageStride = kRows + 4;  // numbers; keeps what lanes write at once in different banks

template <int kPanel>
ONNXPRUNE_BOTH constexpr int64_t stage_bytes(int warps) {
  return int64_t{4} * warps * kPanel * kStageStride;
}

// sums: the tile's, of kPanel / 8 mma, as a lane holds them: outputs g and g + 8, rows 2t and 2t + 1 of the eight of X.
// finish(row of the panel, output of the tile, sum) is called once for each. Shared memory is free, for this warp.
template <int kPanel, class Device, class Sum, class Finish>
ONNXPRUNE_DEVICE void store_tile(Device& d, const Sum (&sums)[kPanel / kTokens][4], const Finish& finish) {
  static_assert(sizeof(Sum) == 4, "stage_bytes counts with it");
  Sum* stage = static_cast<Sum*>(d.shared()) + d.warp() * kPanel * kStageStride;
  const int g = d.lane() / 4, t = d.lane() % 4;
  d.sync_warp();
  ONNXPRUNE_UNROLL
  for (int group = 0; group < kPanel / kTokens; ++group) ONNXPRUNE_UNROLL
  for (int i = 0; i < 4; ++i) stage[(group * kTokens + t * 2 + i % 2) * kStageStride + g + i / 2 * 8] = sums[group][i];
  d.sync_warp();
  ONNXPRUNE_ROLLED
  for (int i = d.lane(); i < kPanel * kRows; i += kLanes)
    finish(i / kRows, i % kRows, stage[i / kRows * kStageStride + i % kRows]);
}

}  // namespace onnxprune::cuda
