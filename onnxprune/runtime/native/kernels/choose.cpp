#include "kernels/choose.h"

#include <stdexcept>

#include "kernels/blocks/blocks.h"
#include "kernels/blocks/columns.h"
#include "kernels/generic/generic.h"
#include "kernels/scattered/scattered.h"

namespace onnxprune {

std::unique_ptr<const Kernel> choose(const Packed& packed, const Features& features) {
  if (packed.dtype != WeightType::f32)
    throw std::invalid_argument("SparseMatMul: there is no kernel for int8 weights yet");
  const BlockTiles* blocks = block_tiles(features);
  const ScatteredTiles* scattered = scattered_tiles(features);
  if (scattered && packed.block_out == 1) return scattered_kernel(packed, *scattered);
  if (blocks && packed.k <= Columns::kMostInputs) return block_kernel(packed, *blocks);
  return generic_kernel(packed);
}

}  // namespace onnxprune
