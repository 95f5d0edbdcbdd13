#include "kernels/simd/neon.h"

#include "kernels/blocks/transposes.h"
#include "kernels/scattered/contract.h"
#include "kernels/scattered/rows_tile.h"
#include "kernels/simd/single.h"

namespace onnxprune {
namespace {

const RowsTiles kRows[] = {rows_tiles<V1, 1>(), rows_tiles<V4, 1>(), rows_tiles<V4, 2>(), rows_tiles<V4, 3>(),
                           rows_tiles<V4, 4>(), rows_tiles<V4, 5>(), rows_tiles<V4, 6>(), rows_tiles<V4, 7>(),
                           rows_tiles<V4, 8>(), {0, nullptr}};

}  // namespace

const ScatteredTiles& neon_scattered_tiles() {
  static const ScatteredTiles tiles{"scattered/neon", kRows, 4, 32, pack_tokens<V4>, unpack_tokens<V4>, finish_neon};
  return tiles;
}

}  // namespace onnxprune
