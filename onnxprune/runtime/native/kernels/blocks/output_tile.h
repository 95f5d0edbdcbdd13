// Outputs in lanes: included by the files that are compiled for one processor.
#pragma once

#include "kernels/blocks/contract.h"
#include "kernels/simd/turns.h"

namespace onnxprune {
namespace {

// R rows of C vectors. With few accumulators, U sets of them take turns, so that a sum does not wait for itself.
template <class V, int R, int C>
struct Outputs {
  static constexpr int U = R * C >= 8 ? 1 : R * C >= 4 ? 2 : 4;
  using Reg = typename V::Reg;
  Reg sum[U][R][C];

  void start(const OutputTile& t) {
#pragma GCC unroll 32
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) {
        const float* from = t.accumulate ? t.y + r * t.y_stride : t.bias;
        sum[0][r][c] = from ? V::load(from + c * V::kLanes) : V::zero();
#pragma GCC unroll 4
        for (int u = 1; u < U; ++u) sum[u][r][c] = V::zero();
      }
  }

  template <int u>
  void add(const OutputTile& t, int64_t i) {
    const float* x = t.x + t.index[i];
    const float* w = t.w + i * t.w_stride;
    Reg wc[C];
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) wc[c] = V::load(w + c * V::kLanes);
#pragma GCC unroll 32
    for (int r = 0; r < R; ++r) {
      const Reg xr = V::one(x[r * t.x_stride]);
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) sum[u][r][c] = V::fma(xr, wc[c], sum[u][r][c]);
    }
  }

  void finish(const OutputTile& t) {
#pragma GCC unroll 32
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) {
#pragma GCC unroll 4
        for (int u = 1; u < U; ++u) sum[0][r][c] = V::add(sum[0][r][c], sum[u][r][c]);
        V::store(t.y + r * t.y_stride + c * V::kLanes, sum[0][r][c]);
      }
  }
};

// One strip: t's own y and bias, the columns from i to end.
template <class V, int R, int C>
void output_strip(const OutputTile& t, int64_t i, int64_t end) {
  Outputs<V, R, C> sums;
  sums.start(t);
  in_turns(sums, t, i, end);
  sums.finish(t);
}

template <class V, int R, int C>
void output_tile(const OutputTile& tile) {
  constexpr int64_t kOutputs = C * V::kLanes;
  OutputTile t = tile;  // a copy, so that stores to y cannot change it
  for (int64_t s = 0; s < tile.strips; ++s) {
    const int32_t* bounds = t.bounds + s * t.bounds_stride;
    output_strip<V, R, C>(t, bounds[0], bounds[1]);
    t.y += kOutputs;
    if (t.bias) t.bias += kOutputs;
  }
}

template <class V, int C, int... R>
struct OutputTable {
  static constexpr OutputTileFn fn[] = {output_tile<V, R, C>...};
};

}  // namespace
}  // namespace onnxprune
