// The weight of a SparseMatMul node: its attributes and arrays, checked, as the kernels take them.
#pragma once

#include "pack/packed.h"
#include "plugin/tensor.h"

namespace onnxprune::plugin {

struct WeightForm {
  int64_t k = 0, n = 0;
  int64_t block[2] = {1, 1};  // outputs, inputs
  int64_t group[2] = {0, 0};  // kept, m; 0 for a weight in blocks
};

struct Arrays {
  Tensor values, index, pointer, scales;
};

// Throws a Failure for sizes that make no sense, or a newer version of the format.
WeightForm read_form(const Api& api, const OrtKernelInfo* info);

// The arrays as a weight; it refers to them. Throws a Failure where they don't fit the sizes, or contradict each other.
Packed packed(const WeightForm& form, const Arrays& arrays);

}  // namespace onnxprune::plugin
