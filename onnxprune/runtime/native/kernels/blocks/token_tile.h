// Tokens in lanes: included by the files that are compiled for one processor.
#pragma once

#include "kernels/blocks/contract.h"
#include "kernels/simd/turns.h"

namespace onnxprune {
namespace {

// B outputs of C vectors of tokens; `at`: whether inputs lie where the tile says. With few sums, U sets of them take
// turns, so that a sum does not wait for itself.
template <class V, int B, int C, bool at>
struct Tokens {
  static constexpr int T = C * V::kLanes, U = B * C >= 8 ? 1 : 2;
  using Reg = typename V::Reg;
  Reg sum[U][B][C];

  void start(const float* bias) {
#pragma GCC unroll 8
    for (int b = 0; b < B; ++b)
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) {
        sum[0][b][c] = bias ? V::one(bias[b]) : V::zero();
        if constexpr (U == 2) sum[1][b][c] = V::zero();
      }
  }

  template <int u>
  void add(const TokenTile& t, int64_t i) {
    const float* x = t.x + (at ? int64_t{t.at[t.index[i]]} : int64_t{t.index[i]} * T);
    const float* w = t.w + i * t.w_stride;
    Reg xc[C];
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) xc[c] = V::load(x + c * V::kLanes);
#pragma GCC unroll 8
    for (int b = 0; b < B; ++b) {
      const Reg wb = V::one(w[b]);
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) sum[u][b][c] = V::fma(wb, xc[c], sum[u][b][c]);
    }
  }

  void finish(float* y) {
#pragma GCC unroll 8
    for (int b = 0; b < B; ++b)
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) {
        if constexpr (U == 2) sum[0][b][c] = V::add(sum[0][b][c], sum[1][b][c]);
        V::store(y + b * T + c * V::kLanes, sum[0][b][c]);
      }
  }
};

template <class V, int B, int C, bool at>
void token_tile(const TokenTile& tile) {
  const TokenTile t = tile;
  Tokens<V, B, C, at> sums;
  sums.start(t.bias);
  in_turns(sums, t, 0, t.count);
  sums.finish(t.y);
}

template <class V, int B, int... C>
struct TokenTable {
  static constexpr TokenTileFn fn[] = {token_tile<V, B, C, false>...};
  static constexpr TokenTileFn at[] = {token_tile<V, B, C, true>...};
};

}  // namespace
}  // namespace onnxprune
