// Rows of X in bytes, as kernels/int8/steps.h says: a warp for every row.
#pragma once

#include "cuda/device/finish.h"
#include "kernels/int8/steps.h"

namespace onnxprune::cuda {

constexpr int kByteWarps = 4;

template <class T>
struct BytesJob {
  const T* x;  // [m][k]
  int64_t m, k, words;
  uint32_t* to;  // [m][words]: zeros behind k
  float* scale;  // [m]
  int32_t* zero;
};

template <class Device, class T>
ONNXPRUNE_DEVICE void quantise_rows(Device& d, const BytesJob<T>& job) {
  const int64_t row = d.block_x() * kByteWarps + d.warp();
  if (row >= job.m) return;
  const T* x = job.x + row * job.k;
  float low = 0, high = 0, odd = 0;
  for (int64_t i = d.lane(); i < job.k; i += kLanes) {
    const float v = read(x[i]);
    low = v < low ? v : low, high = v > high ? v : high;
    odd += v - v;  // NaN where v isn't finite
  }
  for (int step = kLanes / 2; step; step /= 2) {
    const float other_low = d.from_lane(low, d.lane() ^ step), other_high = d.from_lane(high, d.lane() ^ step);
    low = other_low < low ? other_low : low, high = other_high > high ? other_high : high;
    odd += d.from_lane(odd, d.lane() ^ step);
  }
  const int8::Steps steps = int8::steps(low, high, odd == 0);
  if (d.lane() == 0) job.scale[row] = steps.scale, job.zero[row] = steps.zero;
  for (int64_t w = d.lane(); w < job.words; w += kLanes) {
    uint32_t word = 0;
    for (int j = 0; j < 4; ++j) {
      const int64_t i = w * 4 + j;
      const float v = i < job.k && steps.inverse != 0 ? read(x[i]) * steps.inverse : 0.0f;
      const int32_t number = i < job.k ? static_cast<int32_t>(rintf(v)) + steps.zero : 0;
      word |= static_cast<uint32_t>(number < 255 ? number : 255) << (8 * j);
    }
    job.to[row * job.words + w] = word;
  }
}

}  // namespace onnxprune::cuda
