// Layers that the provider knows how to compute: a constant weight, and what can be done to the product at once.
#pragma once

#include <set>

#include "pack/packed.h"
#include "plugin/layer.h"
#include "plugin/provider/activations.h"

namespace onnxprune::plugin {

// A dense weight of k inputs and n outputs, wherever it lies: element (i, o) is data[i * stride_k + o * stride_n].
struct DenseWeight {
  const float* data = nullptr;
  int64_t k = 0, n = 0;
  int64_t stride_k = 0, stride_n = 0;
};

// Nodes that are one layer: Y = act(factor X W + bias_factor bias) + residual, or with the sum first, act(... +
// residual).
struct Match {
  std::vector<Node> nodes;
  Value x = nullptr;
  Value output = nullptr;
  DenseWeight weight;
  std::optional<Packed> packed;  // instead of it, in the arrays of the graph
  float factor = 1;
  std::optional<Tensor> bias;  // n elements, or one
  float bias_factor = 1;
  Activation act = Activation::none;
  Value residual = nullptr;
  bool sum_first = false;
  std::optional<Shape> shape;    // of Y, where a Reshape says it
  std::optional<Window> window;  // of a convolution

  int64_t outputs() const { return packed ? packed->n : weight.n; }
};

// The layer that begins at this node: MatMul (+ Add), Gemm or Conv, with an activation and a sum with another tensor
// behind it, in any order, unless the sum's node is among those that are taken. Nothing where the node is none of
// these, or the weight isn't a float32 constant.
std::optional<Match> match_layer(const GraphReader& graph, Node node, const std::set<Node>& taken = {});

}  // namespace onnxprune::plugin
