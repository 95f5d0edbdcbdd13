#include "plugin/sparse_matmul/on_cuda.h"

#include "plugin/sparse_matmul/operator.h"

namespace onnxprune::plugin {

OnCuda::OnCuda(const Api& api, const OrtKernelInfo* info, cuda::Number number) : Kernel(api, info) {
  const Arrays arrays{constant(info, kValues), constant(info, kIndex), constant(info, kPointer),
                      constant(info, kScales)};
  if (!arrays.values.data || !arrays.index.data) throw Failure("on a GPU, the weight must be stored in the model");
  const Weight weight(form(), arrays);
  multiplier_ = cuda::Multiplier::create(weight.packed(), number);
}

void OnCuda::run(OrtKernelContext* context) const {
  const Tensor x = input(context, kX), bias = input(context, kBias), residual = input(context, kResidual);
  const Shape shape = output_shape(x.shape);
  check_residual(residual, shape);
  if (bias.data) check_bias(bias);
  cuda::Call call;
  call.y = output_of_any_type(api(), context, 0, shape);
  call.x = x.data, call.m = shape.elements() / form().n;
  call.bias = bias.data, call.act = activation();
  call.residual = residual.data, call.residual_stride = form().n;
  api().check(api()->KernelContext_GetGPUComputeStream(context, &call.stream));
  if (call.m) multiplier_->run(call);
}

}  // namespace onnxprune::plugin
