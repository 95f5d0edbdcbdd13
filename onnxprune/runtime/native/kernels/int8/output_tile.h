// Outputs in lanes: included by the files that are compiled for one processor.
#pragma once

#include "kernels/int8/contract.h"
#include "kernels/simd/turns.h"

namespace onnxprune::int8 {
namespace {

// The word of group i of a row. Loose: put together from inputs that lie anywhere.
template <class V, bool loose>
Word word_of(const Word* x, const uint16_t* index, int64_t i) {
  if constexpr (!loose) return x[index[i]];
  using Number = typename V::Number;
  const Number* numbers = reinterpret_cast<const Number*>(x);
  Word word = 0;
#pragma GCC unroll 4
  for (int j = 0; j < V::kGroup; ++j) word |= Word{numbers[index[i * V::kGroup + j]]} << (j * 32 / V::kGroup);
  return word;
}

// R rows of C vectors. With few sums, U sets of them take turns, so that a sum does not wait for itself.
template <class V, int R, int C, bool loose>
struct Sums {
  static constexpr int U = R * C >= 8 ? 1 : R * C >= 4 ? 2 : 4;
  using Reg = typename V::Reg;
  using F = typename V::Floats;
  Reg sum[U][R][C];

  void start(const OutputTile& t) {
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
      const Reg negated = V::load(t.of.sum + c * V::kLanes);
#pragma GCC unroll 32
      for (int r = 0; r < R; ++r) {
        sum[0][r][c] = V::add_pairs(V::zero(), V::one(t.x_zero[r]), negated);
#pragma GCC unroll 4
        for (int u = 1; u < U; ++u) sum[u][r][c] = V::zero();
      }
    }
  }

  template <int u>
  void add(const OutputTile& t, int64_t i) {
    const Word* w = t.w + i * t.w_stride;
    Reg wc[C];
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) wc[c] = V::load(w + c * V::kLanes);
#pragma GCC unroll 32
    for (int r = 0; r < R; ++r) {
      const Reg xr = V::one(word_of<V, loose>(t.x + r * t.x_stride, t.index, i));
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) sum[u][r][c] = V::dot(sum[u][r][c], xr, wc[c]);
    }
  }

  void finish(const OutputTile& t) {
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
      const auto scale = F::load(t.of.scale + c * V::kLanes);
      const auto bias = t.of.bias ? F::load(t.of.bias + c * V::kLanes) : F::zero();
#pragma GCC unroll 32
      for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int u = 1; u < U; ++u) sum[0][r][c] = V::add(sum[0][r][c], sum[u][r][c]);
        const auto v = F::mul(V::to_floats(sum[0][r][c]), F::one(t.x_scale[r]));
        F::store(t.y + r * t.y_stride + c * V::kLanes, F::fma(v, scale, bias));
      }
    }
  }
};

// One strip: t's own y and constants, the groups from i to end.
template <class V, int R, int C, bool loose>
void output_strip(const OutputTile& t, int64_t i, int64_t end) {
  Sums<V, R, C, loose> sums;
  sums.start(t);
  in_turns(sums, t, i, end);
  sums.finish(t);
}

template <class V, int R, int C, bool loose>
void output_tile(const OutputTile& tile) {
  constexpr int64_t kOutputs = C * V::kLanes;
  OutputTile t = tile;  // a copy, so that stores to y cannot change it
  for (int64_t s = 0; s < tile.strips; ++s) {
    output_strip<V, R, C, loose>(t, t.bounds[s], t.bounds[s + 1]);
    t.y += kOutputs, t.of.scale += kOutputs, t.of.sum += kOutputs;
    if (t.of.bias) t.of.bias += kOutputs;
  }
}

template <class V, int C, bool loose, int... R>
struct OutputTable {
  static constexpr OutputTileFn fn[] = {output_tile<V, R, C, loose>...};
};

}  // namespace
}  // namespace onnxprune::int8
