// The weight of a SparseMatMul node: its attributes and arrays, checked, as the kernels take them.
#pragma once

#include "pack/packed.h"
#include "plugin/floats.h"

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

// The arrays as a weight. It refers to them, but for values of 16 bits, of which it has a copy in float32.
class Weight {
 public:
  Weight() = default;
  // Throws a Failure where the arrays don't fit the sizes, or contradict each other.
  Weight(const WeightForm& form, const Arrays& arrays);

  const Packed& packed() const { return packed_; }

 private:
  Floats values_;
  Packed packed_;
};

}  // namespace onnxprune::plugin
