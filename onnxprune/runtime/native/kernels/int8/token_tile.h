// Tokens in lanes: included by the files that are compiled for one processor.
#pragma once

#include "kernels/int8/contract.h"
#include "kernels/simd/turns.h"

namespace onnxprune::int8 {
namespace {

// The words of group i of C vectors of tokens: as they lie, or loose, put together from rows of numbers.
template <class V, int C, bool loose>
void words_of(const TokenTile& t, int64_t i, typename V::Reg* x) {
  constexpr int64_t T = C * V::kLanes;
  if constexpr (loose) {
    static_assert(C == V::kTogether, "as many vectors of words as are made at a time");
    V::gather(static_cast<const typename V::Number*>(t.x), t.index + i * V::kGroup, x);
  } else {
    const Word* words = static_cast<const Word*>(t.x) + int64_t{t.index[i]} * T;
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) x[c] = V::load(words + c * V::kLanes);
  }
}

// B outputs of C vectors of tokens. With few sums, U sets of them take turns, so that a sum does not wait for itself.
template <class V, int B, int C, bool loose>
struct Tokens {
  static constexpr int T = C * V::kLanes, U = B * C >= 8 ? 1 : 2;
  using Reg = typename V::Reg;
  using F = typename V::Floats;
  Reg sum[U][B][C];

  void start(const TokenTile& t) {
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
      const Reg zero = V::load(t.x_zero + c * V::kLanes);
#pragma GCC unroll 8
      for (int b = 0; b < B; ++b) {
        sum[0][b][c] = V::add_pairs(V::zero(), zero, V::one(t.of.sum[b]));
        if constexpr (U == 2) sum[1][b][c] = V::zero();
      }
    }
  }

  template <int u>
  void add(const TokenTile& t, int64_t i) {
    const Word* w = t.w + i * t.w_stride;
    Reg x[C];
    words_of<V, C, loose>(t, i, x);
#pragma GCC unroll 8
    for (int b = 0; b < B; ++b) {
      const Reg wb = V::one(w[b]);
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) sum[u][b][c] = V::dot(sum[u][b][c], x[c], wb);
    }
  }

  void finish(const TokenTile& t) {
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
      const auto x_scale = F::load(t.x_scale + c * V::kLanes);
#pragma GCC unroll 8
      for (int b = 0; b < B; ++b) {
        if constexpr (U == 2) sum[0][b][c] = V::add(sum[0][b][c], sum[1][b][c]);
        const auto bias = t.of.bias ? F::one(t.of.bias[b]) : F::zero();
        const auto v = F::mul(V::to_floats(sum[0][b][c]), x_scale);
        F::store(t.y + b * T + c * V::kLanes, F::fma(v, F::one(t.of.scale[b]), bias));
      }
    }
  }
};

// One strip: t's own y and constants, the groups from i to end.
template <class V, int B, int C, bool loose>
void token_strip(const TokenTile& t, int64_t i, int64_t end) {
  Tokens<V, B, C, loose> sums;
  sums.start(t);
  in_turns(sums, t, i, end);
  sums.finish(t);
}

template <class V, int B, int C, bool loose>
void token_tile(const TokenTile& tile) {
  TokenTile t = tile;  // a copy, so that stores to y cannot change it
  for (int64_t s = 0; s < tile.strips; ++s) {
    token_strip<V, B, C, loose>(t, t.bounds[s], t.bounds[s + 1]);
    t.y += B * C * V::kLanes, t.of.scale += B, t.of.sum += B;
    if (t.of.bias) t.of.bias += B;
  }
}

template <class V, int B, bool loose, int... C>
struct TokenTable {
  static constexpr TokenTileFn fn[] = {token_tile<V, B, C, loose>...};
};

// Vectors whose rows of numbers are as long as they are themselves: as many rows as words have numbers make as many
// vectors.
template <class W>
struct Whole : W {
  static constexpr int kTogether = W::kGroup;
  using Reg = typename W::Reg;
  static void gather(const typename W::Number* numbers, const uint16_t* index, Reg* x) {
#pragma GCC unroll 4
    for (int j = 0; j < kTogether; ++j) x[j] = W::load(numbers + int64_t{index[j]} * kTogether * W::kLanes);
    W::interleave(x);
  }
};

template <class V>
void split(Word* panel, int64_t groups) {
  constexpr int64_t T = V::kTogether * V::kLanes;
  for (int64_t g = 0; g < groups; ++g, panel += T) {
    typename V::Reg x[V::kTogether];
#pragma GCC unroll 4
    for (int c = 0; c < V::kTogether; ++c) x[c] = V::load(panel + c * V::kLanes);
    V::separate(x);
#pragma GCC unroll 4
    for (int c = 0; c < V::kTogether; ++c) V::store(panel + c * V::kLanes, x[c]);
  }
}

// The tiles of inputs that needn't be neighbours.
template <class V>
struct Loose {
  static constexpr int C = V::kTogether;
  static constexpr TokenTiles tiles[] = {{4, V::kLanes, C, C, TokenTable<V, 4, true, C>::fn},
                                         {1, V::kLanes, C, C, TokenTable<V, 1, true, C>::fn},
                                         {0, 0, 0, 1, nullptr}};
  static constexpr TokenForm form{tiles, split<V>};
};

}  // namespace
}  // namespace onnxprune::int8
