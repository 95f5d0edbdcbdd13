// A claimed layer, ready to run.
#pragma once

#include <memory>

#include "pack/dense.h"
#include "plugin/layer.h"
#include "plugin/provider/layer_match.h"

namespace onnxprune::plugin {

class Compiled final : public OrtNodeComputeInfo {
 public:
  // Packs the weight in blocks of `width` outputs. It has its own copies of all that it needs of the graph.
  // x: the number of the input that is multiplied.
  Compiled(const Api& api, const Match& match, int64_t width, size_t x, const Features& features,
           std::shared_ptr<Team> team);

  void run(OrtKernelContext* context) const;
  const Api& api() const { return api_; }

 private:
  Api api_;
  size_t x_;
  Storage storage_;  // empty where the kernel has arranged the weight anew
  Layer layer_;
  Aligned<float> bias_;
  Epilogue epilogue_;
};

}  // namespace onnxprune::plugin
