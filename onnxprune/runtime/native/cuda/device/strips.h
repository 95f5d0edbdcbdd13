// The strips kernel: a warp for every strip of outputs, a block for some strips and a panel of rows of X.
//
// X lies in shared memory unit by unit, so that what a strip leaves out is neither read nor multiplied. What is left
// goes through tensor cores, as Chen et al. do with column vectors (2021, "Efficient Tensor Core-Based GPU Kernels for
// Structured Sparsity under Reduced Precision"); here the panel is shared by all strips, and units are picked when they
// are read.
#pragma once

#include "cuda/device/panel.h"

namespace onnxprune::cuda {

constexpr int kStripWarps = 8;

// The arrays of Strips (strips.h), on the device.
struct StripArrays {
  const uint32_t* begin;
  const uint16_t* unit;
  const uint32_t* fragments;
  int64_t strips, chunks, chunk;
};

// What bytes stand for: scales and zero points of rows of X, scales and sums of outputs.
struct Steps8 {
  const float* x_scale;
  const int32_t* x_zero;
  const float* w_scale;
  const int32_t* w_sum;

  ONNXPRUNE_DEVICE float value(int64_t token, int64_t output, int32_t sum) const {
    return static_cast<float>(sum - x_zero[token] * w_sum[output]) * (x_scale[token] * w_scale[output]);
  }
};

template <class Mma, class T>
struct StripsJob {
  StripArrays weight;
  Source<typename Mma::X> x;
  Output<T> out;
  Steps8 steps;  // of bytes only
};

template <class Mma>
struct Value {
  template <class T>
  static ONNXPRUNE_DEVICE float of(const StripsJob<Mma, T>&, int64_t, int64_t, float sum) {
    return sum;
  }
};
template <>
struct Value<ByteMma> {
  template <class T>
  static ONNXPRUNE_DEVICE float of(const StripsJob<ByteMma, T>& job, int64_t token, int64_t output, int32_t sum) {
    return job.steps.value(token, output, sum);
  }
};

template <class Device, class Mma, int kPanel>
ONNXPRUNE_BOTH int64_t strips_shared_bytes(int64_t chunk) {
  const int64_t panel = PanelOf<Device, Mma, kPanel>::type::bytes(chunk), stage = stage_bytes<kPanel>(kStripWarps);
  return panel > stage ? panel : stage;
}

// kTiles: of 16 outputs, in a strip. kPanel: rows of X, a multiple of 16.
template <class Device, class Mma, int kTiles, int kPanel, class T>
ONNXPRUNE_DEVICE void multiply_strips(Device& d, const StripsJob<Mma, T>& job) {
  using Panel = typename PanelOf<Device, Mma, kPanel>::type;
  const StripArrays& w = job.weight;
  const int64_t strip = d.block_x() * kStripWarps + d.warp(), token0 = d.block_y() * kPanel;
  typename Mma::Sum sums[kTiles][kPanel / kTokens][4] = {};
  for (int64_t chunk = 0; chunk < w.chunks; ++chunk) {
    d.sync();
    Panel::fill(d, job.x, token0, chunk * w.chunk, w.chunk);
    d.sync();
    if (strip >= w.strips) continue;
    const uint32_t* begin = w.begin + strip * (w.chunks + 1) + chunk;
    for (uint32_t step = begin[0]; step < begin[1]; ++step) {
      uint32_t a[kTiles][kWords];
      ONNXPRUNE_UNROLL
      for (int tile = 0; tile < kTiles; ++tile)
        d.load_four(w.fragments + ((static_cast<int64_t>(step) * kTiles + tile) * kLanes + d.lane()) * kWords, a[tile]);
      const uint16_t* unit = w.unit + static_cast<int64_t>(step) * Mma::kUnits;
      ONNXPRUNE_UNROLL
      for (int pair = 0; pair < kPanel / kTokens / 2; ++pair) {
        uint32_t b[2][2];
        Panel::load(d, unit, pair * 2 * kTokens, b);
        ONNXPRUNE_UNROLL
        for (int tile = 0; tile < kTiles; ++tile) ONNXPRUNE_UNROLL
        for (int half = 0; half < 2; ++half) d.mma(Mma(), sums[tile][pair * 2 + half], a[tile], b[half]);
      }
    }
  }
  d.sync();
  if (strip >= w.strips) return;
  ONNXPRUNE_UNROLL
  for (int tile = 0; tile < kTiles; ++tile)
    store_tile<kPanel>(d, sums[tile], [&](int row, int column, typename Mma::Sum sum) {
      const int64_t token = token0 + row, output = (strip * kTiles + tile) * kRows + column;
      if (token < job.out.m && output < job.out.n)
        job.out.store(token, output, Value<Mma>::of(job, token, output, sum));
    });
}

}  // namespace onnxprune::cuda
