// Sums of tensors of different shapes, as ONNX has them.
#pragma once

#include "plugin/tensor.h"

namespace onnxprune::plugin {

// The shape of the sum. Throws a Failure where two axes don't fit.
Shape broadcast(const Shape& one, const Shape& other);

// to = one + other; to: [broadcast(...)], overlapping neither.
void add(const float* one, const Shape& one_shape, const float* other, const Shape& other_shape, float* to);

}  // namespace onnxprune::plugin
