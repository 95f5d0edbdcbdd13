// A SparseMatMul node on the CPU: X in float32, or in float16, which is widened for the kernels and so isn't fast.
#pragma once

#include "plugin/floats.h"
#include "plugin/layer.h"
#include "plugin/sparse_matmul/kernel.h"

namespace onnxprune::plugin {

class OnCpu final : public Kernel {
 public:
  // Throws a Failure where an attribute or an array can't be used.
  OnCpu(const Api& api, const OrtKernelInfo* info);

  void run(OrtKernelContext* context) const override;

 private:
  void run(const Layer& layer, OrtKernelContext* context) const;
  void run_halves(const Layer& layer, const Place& place, const Tensor& x, Epilogue epilogue,
                  const Tensor& residual) const;
  std::unique_ptr<Layer> layer_of(const Weight& weight) const;

  std::shared_ptr<Team> team_;
  Weight weight_;
  std::unique_ptr<Layer> layer_;  // null where the weight isn't constant: it's packed anew in every run
  Floats bias_;                   // where it is constant
};

}  // namespace onnxprune::plugin
