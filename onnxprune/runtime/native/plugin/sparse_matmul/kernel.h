// One SparseMatMul node of a session.
#pragma once

#include <memory>

#include "plugin/layer.h"
#include "plugin/sparse_matmul/weight.h"

namespace onnxprune::plugin {

class Kernel {
 public:
  // Throws a Failure that names the node where an attribute or an array can't be used.
  static std::unique_ptr<Kernel> create(const Api& api, const OrtKernelInfo* info);

  void run(OrtKernelContext* context) const;
  const Api& api() const { return api_; }

 private:
  Kernel(const Api& api, const OrtKernelInfo* info);
  void take_constants(const OrtKernelInfo* info);
  Tensor input(const OrtKernelContext* context, size_t index) const;
  const float* bias(const OrtKernelContext* context) const;
  std::unique_ptr<Layer> layer_of(const Arrays& arrays) const;

  Api api_;
  WeightForm form_;
  Activation act_ = Activation::none;
  std::shared_ptr<Team> team_;
  size_t inputs_ = 0;
  std::unique_ptr<Layer> layer_;      // null where the weight isn't constant: it's packed anew in every run
  const float* bias_ = nullptr;  // where it is constant; it lies in the model
};

}  // namespace onnxprune::plugin
