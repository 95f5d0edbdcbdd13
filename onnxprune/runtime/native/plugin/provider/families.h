// Layers that read the same tensor: they are computed as one node with several outputs.
#pragma once

#include "plugin/provider/gain.h"
#include "plugin/provider/layer_match.h"

namespace onnxprune::plugin {

// A layer that is to be claimed. width: of the blocks that its dense weight is kept in; 0 where it is packed.
struct Wanted {
  Match match;
  int64_t width = 0;
};

// The layers sorted into families, in the order of their first members. A family has one X, and no member reads what
// another one makes: of constants and X alone, so that nothing between them has to run in the middle of the node.
// Convolutions, and packed weights without siblings, which the operator computes as well, are left alone or left out.
std::vector<std::vector<Wanted>> families(const GraphReader& graph, std::vector<Wanted> layers);

}  // namespace onnxprune::plugin
