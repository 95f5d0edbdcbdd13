// A SparseMatMul node on a GPU: X, Y, bias and residual lie there, the arrays of the weight in the host's memory.
#pragma once

#include "cuda/multiplier.h"
#include "plugin/sparse_matmul/kernel.h"

namespace onnxprune::plugin {

class OnCuda final : public Kernel {
 public:
  // Throws a Failure where an attribute or an array can't be used, or the weight isn't stored in the model, and what
  // Multiplier::create throws.
  OnCuda(const Api& api, const OrtKernelInfo* info, cuda::Number number);

  void run(OrtKernelContext* context) const override;

 private:
  std::unique_ptr<const cuda::Multiplier> multiplier_;
};

}  // namespace onnxprune::plugin
