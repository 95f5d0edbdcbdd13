#include "kernels/choose.h"

#include <stdexcept>

#include "kernels/generic/generic.h"

namespace onnxprune {

std::unique_ptr<const Kernel> choose(const Packed& packed, const Features&) {
  if (packed.dtype != WeightType::f32)
    throw std::invalid_argument("SparseMatMul: there is no kernel for int8 weights yet");
  return generic_kernel(packed);
}

}  // namespace onnxprune
