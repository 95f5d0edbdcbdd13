// A claimed layer, ready to run.
#pragma once

#include <memory>
#include <vector>

#include "plugin/layer.h"
#include "plugin/provider/layer_match.h"

namespace onnxprune::plugin {

class Compiled final : public OrtNodeComputeInfo {
 public:
  // Packs the weight in blocks of `width` outputs. It has its own copies of all that it needs of the graph.
  Compiled(const Api& api, const Match& match, int64_t width, const Features& features, std::shared_ptr<Team> team);

  void run(OrtKernelContext* context) const;
  const Api& api() const { return api_; }

 private:
  Api api_;
  Layer layer_;
  Aligned<float> bias_;
};

}  // namespace onnxprune::plugin
