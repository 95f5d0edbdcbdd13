// Activations behind a layer: one node, or the few that exporters spell one out with.
#pragma once

#include "core/epilogue.h"
#include "plugin/provider/graph.h"

namespace onnxprune::plugin {

struct Activated {
  Activation act = Activation::none;
  std::vector<Node> nodes;  // what computes it, in order; empty if there is none
  Value output = nullptr;
};

// The activation of `value`, if nothing else reads that.
Activated activation(const GraphReader& graph, Value value);

}  // namespace onnxprune::plugin
