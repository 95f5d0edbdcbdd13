// Nonzeros anywhere: unstructured weights, N:M, and blocks one output wide.
#pragma once

#include <memory>

#include "kernels/kernel.h"
#include "kernels/scattered/contract.h"

namespace onnxprune {

// packed: float32, blocks one output wide or N:M.
std::unique_ptr<const Kernel> scattered_kernel(const Packed& packed, const ScatteredTiles& tiles);

}  // namespace onnxprune
