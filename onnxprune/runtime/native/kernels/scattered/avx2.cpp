#include "kernels/simd/avx2.h"

#include "kernels/blocks/transposes.h"
#include "kernels/scattered/contract.h"
#include "kernels/scattered/rows_tile.h"
#include "kernels/simd/single.h"

namespace onnxprune {
namespace {

const RowsTiles kRows[] = {rows_tiles<V1, 1>(), rows_tiles<V4, 1>(), rows_tiles<V8, 1>(), rows_tiles<V8, 2>(),
                           rows_tiles<V8, 3>(), rows_tiles<V8, 4>(), rows_tiles<V8, 5>(), rows_tiles<V8, 6>(),
                           rows_tiles<V8, 7>(), rows_tiles<V8, 8>(), {0, nullptr}};

}  // namespace

const ScatteredTiles& avx2_scattered_tiles() {
  static const ScatteredTiles tiles{"scattered/avx2", kRows, 8, 64, pack_tokens<V8>, unpack_tokens<V8>, finish_avx2};
  return tiles;
}

}  // namespace onnxprune
