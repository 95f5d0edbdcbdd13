// Which kernel a weight gets.
#pragma once

#include <memory>

#include "kernels/kernel.h"

namespace onnxprune {

// The fastest kernel for this weight on a processor with these features. Throws std::invalid_argument where none takes
// it.
std::unique_ptr<const Kernel> choose(const Packed& packed, const Features& features);

}  // namespace onnxprune
