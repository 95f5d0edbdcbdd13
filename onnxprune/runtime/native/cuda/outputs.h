// Some outputs of a canonical weight, written out: what the arrangements for the GPU are made from.
#pragma once

#include <vector>

#include "pack/packed.h"

namespace onnxprune::cuda {

// Outputs from, from + 1, ... of W as they are stored (int8 without their scales): to [k][count], zeros where the
// weight has none, and for outputs from n on. from: a multiple of nothing in particular.
void write_outputs(const Packed& packed, int64_t from, int64_t count, std::vector<float>* to);

}  // namespace onnxprune::cuda
