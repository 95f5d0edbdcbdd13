// 1:4 and 2:4 weights.
#pragma once

#include <memory>

#include "kernels/grouped/contract.h"
#include "kernels/kernel.h"

namespace onnxprune {

// packed: float32, N:M with Slots::suits(packed).
std::unique_ptr<const Kernel> grouped_kernel(const Packed& packed, const GroupedTiles& tiles);

}  // namespace onnxprune
