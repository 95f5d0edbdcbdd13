#include "plugin/sparse_matmul/kernel.h"

#include "plugin/sparse_matmul/operator.h"

namespace onnxprune::plugin {
namespace {

std::string node_name(const Api& api, const OrtKernelInfo* info) {
  char name[128] = {};
  size_t size = sizeof(name);
  return api.ok(api->KernelInfo_GetNodeName(info, name, &size)) ? name : "";
}

Activation read_activation(const Api& api, const OrtKernelInfo* info) {
  char name[32] = "none";
  size_t size = sizeof(name);
  Activation act = Activation::none;
  if (!api.ok(api->KernelInfoGetAttribute_string(info, "activation", name, &size))) return act;
  if (!parse_activation(name, &act)) throw Failure(std::string("the activation '") + name + "' is not known");
  return act;
}

// The kernels begin their sentences with the operator's name too.
std::string reason(const std::exception& failure) {
  const std::string words = failure.what(), start = std::string(kOperatorName) + ": ";
  return words.rfind(start, 0) == 0 ? words.substr(start.size()) : words;
}

// Null where it isn't a constant.
Tensor constant(const Api& api, const OrtKernelInfo* info, size_t index) {
  int is_constant = 0;
  const OrtValue* value = nullptr;
  const bool read = api.ok(api->KernelInfoGetConstantInput_tensor(info, index, &is_constant, &value));
  return read && is_constant ? tensor(api, value) : Tensor{};
}

const float* checked_bias(const Tensor& bias, int64_t n) {
  if (bias.shape.rank != 1 || bias.shape.at[0] != n) {
    throw Failure("the bias of shape " + bias.shape.text() + " isn't one number for each of " + std::to_string(n) +
                  " outputs");
  }
  return bias.as<float>("the bias");
}

}  // namespace

std::unique_ptr<Kernel> Kernel::create(const Api& api, const OrtKernelInfo* info) {
  try {
    return std::unique_ptr<Kernel>(new Kernel(api, info));
  } catch (const std::exception& failure) {
    throw Failure(std::string(kOperatorName) + " '" + node_name(api, info) + "': " + reason(failure));
  }
}

Kernel::Kernel(const Api& api, const OrtKernelInfo* info)
    : api_(api), form_(read_form(api, info)), act_(read_activation(api, info)) {
  const OrtLogger* session = nullptr;
  api_.check(api_->KernelInfo_GetLogger(info, &session));
  api_.check(api_->KernelInfo_GetInputCount(info, &inputs_));
  team_ = Team::of(session);
  take_constants(info);
}

void Kernel::take_constants(const OrtKernelInfo* info) {
  const auto constant_at = [&](size_t index) { return index < inputs_ ? constant(api_, info, index) : Tensor{}; };
  const Arrays arrays{constant_at(kValues), constant_at(kIndex), constant_at(kPointer), constant_at(kScales)};
  if (arrays.values.data && arrays.index.data) layer_ = layer_of(arrays);
  const Tensor bias = constant_at(kBias);
  if (bias.data) bias_ = checked_bias(bias, form_.n);
}

std::unique_ptr<Layer> Kernel::layer_of(const Arrays& arrays) const {
  return std::make_unique<Layer>(packed(form_, arrays), Features::detect(), team_);
}

Tensor Kernel::input(const OrtKernelContext* context, size_t index) const {
  const OrtValue* value = nullptr;
  if (index < inputs_) api_.check(api_->KernelContext_GetInput(context, index, &value));
  return tensor(api_, value);
}

const float* Kernel::bias(const OrtKernelContext* context) const {
  if (bias_ || inputs_ <= kBias) return bias_;
  const Tensor found = input(context, kBias);
  return found.data ? checked_bias(found, form_.n) : nullptr;
}

void Kernel::run(OrtKernelContext* context) const {
  const Place place{api_, context};
  Epilogue epilogue;
  epilogue.bias = bias(context);
  epilogue.act = act_;
  const Tensor residual = inputs_ > kResidual ? input(context, kResidual) : Tensor{};
  if (layer_) return layer_->run(place, input(context, kX), epilogue, residual);
  const Arrays arrays{input(context, kValues), input(context, kIndex), input(context, kPointer),
                      input(context, kScales)};
  layer_of(arrays)->run(place, input(context, kX), epilogue, residual);
}

}  // namespace onnxprune::plugin
