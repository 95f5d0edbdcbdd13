#include "kernels/simd/avx512.h"

#include "kernels/grouped/contract.h"
#include "kernels/grouped/tile.h"

namespace onnxprune {
namespace {

using One = GroupedTable<V16, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
using Two = GroupedTable<V16, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;

}  // namespace

const GroupedTiles& avx512_grouped_tiles() {
  static const GroupedTiles tiles{"grouped/avx512", 16, 12, {One::fn, Two::fn}, finish_avx512};
  return tiles;
}

}  // namespace onnxprune
