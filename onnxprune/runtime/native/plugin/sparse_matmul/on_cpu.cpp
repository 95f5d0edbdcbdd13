#include "plugin/sparse_matmul/on_cpu.h"

#include "core/half.h"
#include "plugin/sparse_matmul/operator.h"

namespace onnxprune::plugin {

OnCpu::OnCpu(const Api& api, const OrtKernelInfo* info) : Kernel(api, info) {
  const OrtLogger* session = nullptr;
  api->KernelInfo_GetLogger(info, &session);
  team_ = Team::of(session);
  const Arrays arrays{constant(info, kValues), constant(info, kIndex), constant(info, kPointer),
                      constant(info, kScales)};
  if (arrays.values.data && arrays.index.data) {
    weight_ = Weight(form(), arrays);
    layer_ = layer_of(weight_);
  }
  const Tensor bias = constant(info, kBias);
  if (bias.data) check_bias(bias);
  bias_ = Floats(bias, "the bias");
}

std::unique_ptr<Layer> OnCpu::layer_of(const Weight& weight) const {
  return std::make_unique<Layer>(weight.packed(), Features::detect(), team_);
}

void OnCpu::run(OrtKernelContext* context) const {
  if (layer_) return run(*layer_, context);
  const Weight weight(
      form(), {input(context, kValues), input(context, kIndex), input(context, kPointer), input(context, kScales)});
  run(*layer_of(weight), context);
}

void OnCpu::run(const Layer& layer, OrtKernelContext* context) const {
  const Place place{api(), context};
  const Tensor x = input(context, kX), residual = input(context, kResidual);
  const Tensor fed = bias_.data() ? Tensor{} : input(context, kBias);
  if (fed.data) check_bias(fed);
  const Floats bias(fed, "the bias");
  Epilogue epilogue;
  epilogue.bias = fed.data ? bias.data() : bias_.data();
  epilogue.act = activation();
  if (x.type == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16) return run_halves(layer, place, x, epilogue, residual);
  layer.run(place, x, epilogue, residual);
}

void OnCpu::run_halves(const Layer& layer, const Place& place, const Tensor& x, Epilogue epilogue,
                       const Tensor& residual) const {
  const Shape shape = output_shape(x.shape);
  check_residual(residual, shape);
  auto* to = static_cast<Float16*>(output_of_any_type(place.api, place.context, 0, shape));
  const int64_t outputs = shape.elements();
  const Floats from(x, "X"), added(residual, "the residual");
  if (added.data()) epilogue.residual = added.data(), epilogue.residual_stride = form().n;
  std::vector<float> y(outputs);
  if (outputs) layer.run_rows(place, from.data(), outputs / form().n, y.data(), epilogue);
  for (int64_t i = 0; i < outputs; ++i) to[i] = from_float<Float16>(y[i]);
}

}  // namespace onnxprune::plugin
