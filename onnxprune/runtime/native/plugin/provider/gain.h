// Which weights are worth computing sparsely, and in which blocks.
#pragma once

#include "core/features.h"
#include "plugin/provider/layer_match.h"

namespace onnxprune::plugin {

// Outputs that a block may cover, widest first; a block has one input. 1 is no pattern at all.
constexpr int64_t kBlockWidths[] = {64, 32, 16, 8, 4, 1};
constexpr size_t kWidths = sizeof(kBlockWidths) / sizeof(kBlockWidths[0]);

// What is left of a weight, as a share of its elements, if it is kept in blocks of each of these widths.
struct Density {
  double of[kWidths] = {};
};
Density density(const DenseWeight& weight);

struct Choice {
  int64_t width = 0;  // outputs of a block
  double gain = 0;    // how many times as fast as the dense layer, as predicted
};

// The best width, by what kernels cost a multiplication with these instructions, against the dense ones of ONNX
// Runtime. `only` is a width that the user asks for, or 0.
Choice choose(const Density& density, const Features& features, bool channels_first, int64_t only);

}  // namespace onnxprune::plugin
