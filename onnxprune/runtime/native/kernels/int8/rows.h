// Rows of X in bytes, in portable C++: what the kernels without vectors and the reference multiply.
#pragma once

#include <cstdint>

namespace onnxprune::int8 {

struct Row {
  float scale;
  int32_t zero;
};

// x: [k], finite or not (steps.h); to: [k].
Row quantise_row(const float* x, int64_t k, uint8_t* to);

}  // namespace onnxprune::int8
