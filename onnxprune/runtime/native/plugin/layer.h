// One layer as ONNX Runtime runs it, whichever of the two doors it came through: tensors in, kernel, tensors out.
#pragma once

#include <memory>

#include "kernels/spmm.h"
#include "plugin/team.h"
#include "plugin/tensor.h"

namespace onnxprune::plugin {

class Layer {
 public:
  // channels_first: X is [b, k, ...] and Y is [b, n, ...]; else X is [..., k] and Y is [..., n].
  Layer(const Packed& weight, const Features& features, std::shared_ptr<Team> team, bool channels_first = false);

  // Whether the weight's arrays must outlive the layer.
  bool borrows() const { return spmm_->borrows(); }

  // Computes output 0 from `x`; the epilogue's residual is that of `residual`, whose shape must be that of the output.
  // Throws a Failure where a shape doesn't fit.
  void run(const Place& place, const Tensor& x, const Epilogue& epilogue, const Tensor& residual = {}) const;

 private:
  Shape output_shape(const Shape& x) const;
  void run_rows(const float* x, int64_t m, float* y, const Epilogue& epilogue, const ParallelFor& parallel) const;
  void run_channels(const float* x, const Shape& shape, float* y, const Epilogue& epilogue,
                    const ParallelFor& parallel) const;

  std::unique_ptr<const Spmm> spmm_;
  int64_t k_, n_;
  std::shared_ptr<Team> team_;
  bool channels_first_;
};

}  // namespace onnxprune::plugin
