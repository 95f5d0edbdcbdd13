#include "kernels/choose.h"

#include <stdexcept>

#include "kernels/blocks/blocks.h"
#include "kernels/blocks/columns.h"
#include "kernels/generic/generic.h"

namespace onnxprune {

std::unique_ptr<const Kernel> choose(const Packed& packed, const Features& features) {
  if (packed.dtype != WeightType::f32)
    throw std::invalid_argument("SparseMatMul: there is no kernel for int8 weights yet");
  const BlockTiles* tiles = block_tiles(features);
  if (tiles && !packed.grouped() && packed.block_out > 1 && packed.k <= Columns::kMostInputs)
    return block_kernel(packed, *tiles);
  return generic_kernel(packed);
}

}  // namespace onnxprune
