// Portable C++ for every canonical float32 weight, straight from its arrays.
#pragma once

#include <memory>

#include "kernels/kernel.h"

namespace onnxprune {

std::unique_ptr<const Kernel> generic_kernel(const Packed& packed);

}  // namespace onnxprune
