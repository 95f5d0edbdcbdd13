// Tokens in lanes: included by the files that are compiled for one processor.
#pragma once

#include "kernels/blocks/contract.h"

namespace onnxprune {
namespace {

// B outputs of C vectors of tokens.
template <class V, int B, int C>
void token_tile(const TokenTile& tile) {
  constexpr int T = C * V::kLanes;
  using Reg = typename V::Reg;
  const TokenTile t = tile;
  Reg sum[B][C];
#pragma GCC unroll 8
  for (int b = 0; b < B; ++b)
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) sum[b][c] = t.bias ? V::one(t.bias[b]) : V::zero();
  for (int64_t i = 0; i < t.count; ++i) {
    const float* x = t.x + int64_t{t.index[i]} * T;
    const float* w = t.w + i * t.w_stride;
    Reg xc[C];
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) xc[c] = V::load(x + c * V::kLanes);
#pragma GCC unroll 8
    for (int b = 0; b < B; ++b) {
      const Reg wb = V::one(w[b]);
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) sum[b][c] = V::fma(wb, xc[c], sum[b][c]);
    }
  }
#pragma GCC unroll 8
  for (int b = 0; b < B; ++b)
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) V::store(t.y + b * T + c * V::kLanes, sum[b][c]);
}

template <class V, int B, int... C>
struct TokenTable {
  static constexpr TokenTileFn fn[] = {token_tile<V, B, C>...};
};

}  // namespace
}  // namespace onnxprune
