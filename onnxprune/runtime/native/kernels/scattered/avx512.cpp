#include "kernels/simd/avx512.h"

#include "kernels/blocks/transposes.h"
#include "kernels/scattered/contract.h"
#include "kernels/scattered/rows_tile.h"
#include "kernels/simd/single.h"

namespace onnxprune {
namespace {

const RowsTiles kRows[] = {rows_tiles<V1, 1>(),  rows_tiles<V4, 1>(),  rows_tiles<V8, 1>(),  rows_tiles<V16, 1>(),
                           rows_tiles<V16, 2>(), rows_tiles<V16, 3>(), rows_tiles<V16, 4>(), {0, nullptr}};

}  // namespace

const ScatteredTiles& avx512_scattered_tiles() {
  static const ScatteredTiles tiles{"scattered/avx512", kRows,        16, 64, pack_tokens<V16>,
                                    unpack_tokens<V16>, finish_avx512};
  return tiles;
}

}  // namespace onnxprune
