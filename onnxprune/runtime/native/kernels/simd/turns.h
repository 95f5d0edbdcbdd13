// A sum over a run of columns: included by the files that are compiled for one processor.
#pragma once

#include <cstdint>

namespace onnxprune {
namespace {

// Adds the columns from i to end of a tile. The sets of sums (Sums::U: 1, 2 or 4) take turns, so that none waits for
// itself. Always in place of its call: the sums are registers.
template <class Sums, class Tile>
[[gnu::always_inline]] inline void in_turns(Sums& sums, const Tile& t, int64_t i, int64_t end) {
  if constexpr (Sums::U == 4)
    for (; i + 4 <= end; i += 4) {
      sums.template add<0>(t, i);
      sums.template add<1>(t, i + 1);
      sums.template add<2>(t, i + 2);
      sums.template add<3>(t, i + 3);
    }
  if constexpr (Sums::U == 2)
    for (; i + 2 <= end; i += 2) {
      sums.template add<0>(t, i);
      sums.template add<1>(t, i + 1);
    }
  for (; i < end; ++i) sums.template add<0>(t, i);
}

}  // namespace
}  // namespace onnxprune
