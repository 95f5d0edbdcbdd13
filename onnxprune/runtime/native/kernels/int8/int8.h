// int8 weights: X is quantised row by row in every call, and whole numbers are multiplied.
#pragma once

#include <memory>

#include "kernels/int8/contract.h"
#include "kernels/kernel.h"

namespace onnxprune::int8 {

// packed: int8 blocks that Groups::suits().
std::unique_ptr<const Kernel> tiled_kernel(const Packed& packed, const Tiles& tiles);

// Portable C++ for every canonical int8 weight, straight from its arrays.
std::unique_ptr<const Kernel> portable_kernel(const Packed& packed);

}  // namespace onnxprune::int8
