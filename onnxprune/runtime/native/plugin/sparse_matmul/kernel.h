// One SparseMatMul node of a session, wherever it runs.
#pragma once

#include <memory>

#include "core/epilogue.h"
#include "plugin/sparse_matmul/weight.h"

namespace onnxprune::plugin {

class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual void run(OrtKernelContext* context) const = 0;
  const Api& api() const { return api_; }

 protected:
  // Reads the attributes. Throws a Failure where one can't be used.
  Kernel(const Api& api, const OrtKernelInfo* info);

  const WeightForm& form() const { return form_; }
  Activation activation() const { return act_; }
  bool has(size_t index) const { return index < inputs_; }
  // An input that is stored in the model; an empty one where it isn't.
  Tensor constant(const OrtKernelInfo* info, size_t index) const;
  // An empty one where it is left out.
  Tensor input(const OrtKernelContext* context, size_t index) const;
  // Throw a Failure unless the shapes fit: the bias [n]; Y, made from X's, and the residual, which is empty or like Y.
  void check_bias(const Tensor& bias) const;
  Shape output_shape(const Shape& x) const;
  void check_residual(const Tensor& residual, const Shape& y) const;

 private:
  Api api_;
  WeightForm form_;
  Activation act_;
  size_t inputs_ = 0;
};

// The sentence of a failure, with the operator's and the node's name in front.
std::string sentence(const Api& api, const OrtKernelInfo* info, const std::exception& failure);

}  // namespace onnxprune::plugin
