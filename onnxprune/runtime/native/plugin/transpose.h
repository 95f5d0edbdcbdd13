// Pixels as rows: between the layout of convolutions and that of kernels.
#pragma once

#include <cstdint>

#include "core/parallel.h"

namespace onnxprune::plugin {

// to[j * rows + i] = from[i * columns + j]
void transpose(const float* from, int64_t rows, int64_t columns, float* to, const ParallelFor& parallel);

}  // namespace onnxprune::plugin
