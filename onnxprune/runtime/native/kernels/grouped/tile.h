// 1:4 and 2:4, outputs in lanes: included by the files that are compiled for one processor.
#pragma once

#include "kernels/grouped/contract.h"

namespace onnxprune {
namespace {

// V has, besides what every vector has: Places; four_each(p), the four numbers at p in every quarter; places(p), the
// word at p as Places; pick(v, places), lane by lane that of its quarter of v which the lane's lowest two bits say.
template <class V, int R, int S>
void grouped_tile(const GroupedTile& tile) {
  using Reg = typename V::Reg;
  constexpr int64_t kWord = V::kLanes / 4;  // bytes
  const GroupedTile t = tile;
  const float* w = t.w;
  const char* places = t.places;
  Reg sum[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) sum[r] = t.bias ? V::load(t.bias) : V::zero();
  for (int64_t g = 0; g < t.groups; ++g, w += S * V::kLanes, places += S * kWord) {
    Reg ws[S];
    typename V::Places ps[S];
#pragma GCC unroll 2
    for (int s = 0; s < S; ++s) ws[s] = V::load(w + s * V::kLanes), ps[s] = V::places(places + s * kWord);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const Reg x = V::four_each(t.x + r * t.x_stride + 4 * g);
#pragma GCC unroll 2
      for (int s = 0; s < S; ++s) sum[r] = V::fma(V::pick(x, ps[s]), ws[s], sum[r]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) V::store(t.y + r * t.y_stride, sum[r]);
}

template <class V, int S, int... R>
struct GroupedTable {
  static constexpr GroupedTileFn fn[] = {grouped_tile<V, R, S>...};
};

}  // namespace
}  // namespace onnxprune
