// Nonzeros one by one, tokens in lanes: included by the files that are compiled for one processor.
#pragma once

#include "kernels/scattered/contract.h"

namespace onnxprune {
namespace {

template <class V>
constexpr auto has_fours(int) -> decltype(V::kFours) {
  return V::kFours;
}
template <class V>
constexpr bool has_fours(...) {
  return false;
}

// C vectors of tokens. With few of them, U sums take turns, so that a sum does not wait for itself.
template <class V, int C>
struct Rows {
  static constexpr int T = C * V::kLanes, U = C >= 4 ? 1 : C >= 2 ? 2 : 4;
  using Reg = typename V::Reg;

  static void row(const RowsTile& t, const float* w, const uint16_t* index, int64_t count, int64_t output) {
    Reg sum[U][C];
    float* y = t.y + output * T;
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
      sum[0][c] = !t.first ? V::load(y + c * V::kLanes) : t.bias ? V::one(t.bias[output]) : V::zero();
#pragma GCC unroll 4
      for (int u = 1; u < U; ++u) sum[u][c] = V::zero();
    }
    for (int64_t i = 0; i < count; i += 4) {
      [[maybe_unused]] Reg four;
      if constexpr (has_fours<V>(0)) four = V::four(w + i);
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) {
        const float* x = t.x + int64_t{index[i + u]} * T;
        if constexpr (has_fours<V>(0))
          add(x, V::of_four(four, u), sum[u % U]);
        else
          add(x, V::one(w[i + u]), sum[u % U]);
      }
    }
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
#pragma GCC unroll 4
      for (int u = 1; u < U; ++u) sum[0][c] = V::add(sum[0][c], sum[u][c]);
      V::store(y + c * V::kLanes, sum[0][c]);
    }
  }

  static void add(const float* x, Reg w, Reg (&sum)[C]) {
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) sum[c] = V::fma(w, V::load(x + c * V::kLanes), sum[c]);
  }
};

template <class V, int C>
void rows_tile(const RowsTile& tile) {
  const RowsTile t = tile;
  const float* w = t.w;
  const uint16_t *index = t.index, *output = t.output;
  for (int64_t r = 0; r < t.run_count; ++r) {
    const int64_t rows = t.runs[r].rows, count = t.runs[r].count;
    for (int64_t i = 0; i < rows; ++i, w += count, index += count) Rows<V, C>::row(t, w, index, count, *output++);
  }
}

template <class V, int C>
constexpr RowsTiles rows_tiles() {
  return {C * V::kLanes, rows_tile<V, C>};
}

}  // namespace
}  // namespace onnxprune
