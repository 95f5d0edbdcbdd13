// One layer as ONNX Runtime runs it, whichever of the two doors it came through: tensors in, kernel, tensors out.
#pragma once

#include <memory>
#include <optional>

#include "kernels/spmm.h"
#include "plugin/team.h"
#include "plugin/tensor.h"

namespace onnxprune::plugin {

// What a convolution does with its window of inputs, as ONNX has it; axes that an image lacks have a window of one.
struct Window {
  int64_t size[2] = {1, 1}, stride[2] = {1, 1}, dilation[2] = {1, 1};
  int64_t begin[2] = {0, 0}, end[2] = {0, 0};  // pads
};

class Layer {
 public:
  // window: X is [b, channels, ...] and Y is [b, n, ...], as of a convolution with one axis or two; its k inputs are
  // [channels][window]. Else X is [..., k] and Y is [..., n].
  Layer(const Packed& weight, const Features& features, std::shared_ptr<Team> team,
        const std::optional<Window>& window = {});

  // Whether the weight's arrays must outlive the layer.
  bool borrows() const { return spmm_->borrows(); }

  const Spmm& spmm() const { return *spmm_; }
  // Throw a Failure where a shape doesn't fit: the shape of Y, and the epilogue with a residual, if there is one.
  Shape output_shape(const Shape& x) const;
  Epilogue with(const Epilogue& epilogue, const Tensor& residual, const Shape& output) const;

  // Computes Y, of output_shape(), at y.
  void compute(const Place& place, const Tensor& x, const Shape& shape, float* y, const Epilogue& epilogue) const;

  // Computes output 0 from `x`; the epilogue's residual is that of `residual`, whose shape must be that of the output.
  // Throws a Failure where a shape doesn't fit.
  void run(const Place& place, const Tensor& x, const Epilogue& epilogue, const Tensor& residual = {}) const;

  // The same without tensors, for a layer without a window: x [m, k], y [m, n].
  void run_rows(const Place& place, const float* x, int64_t m, float* y, const Epilogue& epilogue) const;

 private:
  void run_rows(const float* x, int64_t m, float* y, const Epilogue& epilogue, const ParallelFor& parallel) const;
  // shapes: of X and of Y
  void convolve(const float* x, const Shape& from, const Shape& to, float* y, const Epilogue& epilogue,
                const ParallelFor& parallel) const;
  void convolve_by_rows(const float* x, const Planes& planes, float* y, const Epilogue& epilogue,
                        const ParallelFor& parallel) const;
  Planes planes_of(const Shape& x) const;

  std::unique_ptr<const Spmm> spmm_;
  int64_t k_, n_;
  std::shared_ptr<Team> team_;
  std::optional<Window> window_;
};

}  // namespace onnxprune::plugin
