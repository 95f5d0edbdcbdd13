#include "kernels/simd/avx2.h"

#include "kernels/grouped/contract.h"
#include "kernels/grouped/tile.h"

namespace onnxprune {
namespace {

using One = GroupedTable<V8, 1, 1, 2, 3, 4, 5, 6, 7, 8>;
using Two = GroupedTable<V8, 2, 1, 2, 3, 4, 5, 6, 7, 8>;

}  // namespace

const GroupedTiles& avx2_grouped_tiles() {
  static const GroupedTiles tiles{"grouped/avx2", 8, 8, {One::fn, Two::fn}, finish_avx2};
  return tiles;
}

}  // namespace onnxprune
