// Layers whose weights are packed in the file already: nodes of the operator.
#pragma once

#include "plugin/provider/layer_match.h"

namespace onnxprune::plugin {

// A SparseMatMul node with a weight in blocks, int8 or float32, and float32 for the rest, of which all is constant but X,
// and a residual if it is X too.
// Nothing for any other node, also for one that the operator would refuse: what is wrong with it, that will say.
std::optional<Match> match_packed(const GraphReader& graph, Node node);

}  // namespace onnxprune::plugin
