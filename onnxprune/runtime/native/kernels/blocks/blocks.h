// Blocks that are at least two outputs wide.
#pragma once

#include <memory>

#include "kernels/blocks/contract.h"
#include "kernels/kernel.h"
#include "pack/storage.h"

namespace onnxprune {

// packed: float32 blocks with k <= Columns::kMostInputs.
std::unique_ptr<const Kernel> block_kernel(const Packed& packed, const BlockTiles& tiles);

// The same for a weight that nobody else keeps.
std::unique_ptr<const Kernel> block_kernel(Storage&& storage, const BlockTiles& tiles);

}  // namespace onnxprune
