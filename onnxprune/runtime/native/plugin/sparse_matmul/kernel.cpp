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

}  // namespace

std::string sentence(const Api& api, const OrtKernelInfo* info, const std::exception& failure) {
  return std::string(kOperatorName) + " '" + node_name(api, info) + "': " + reason(failure);
}

Kernel::Kernel(const Api& api, const OrtKernelInfo* info)
    : api_(api), form_(read_form(api, info)), act_(read_activation(api, info)) {
  api_.check(api_->KernelInfo_GetInputCount(info, &inputs_));
}

Tensor Kernel::constant(const OrtKernelInfo* info, size_t index) const {
  int is_constant = 0;
  const OrtValue* value = nullptr;
  if (!has(index)) return {};
  const bool read = api_.ok(api_->KernelInfoGetConstantInput_tensor(info, index, &is_constant, &value));
  return read && is_constant ? tensor(api_, value) : Tensor{};
}

Tensor Kernel::input(const OrtKernelContext* context, size_t index) const {
  const OrtValue* value = nullptr;
  if (has(index)) api_.check(api_->KernelContext_GetInput(context, index, &value));
  return tensor(api_, value);
}

void Kernel::check_bias(const Tensor& bias) const {
  if (bias.shape.rank == 1 && bias.shape.at[0] == form_.n) return;
  throw Failure("the bias of shape " + bias.shape.text() + " isn't one number for each of " + std::to_string(form_.n) +
                " outputs");
}

Shape Kernel::output_shape(const Shape& x) const {
  if (x.rank == 0 || x.at[x.rank - 1] != form_.k) {
    throw Failure("an input of shape " + x.text() + " can't be multiplied by a weight with " + std::to_string(form_.k) +
                  " inputs");
  }
  Shape y = x;
  y.at[y.rank - 1] = form_.n;
  return y;
}

void Kernel::check_residual(const Tensor& residual, const Shape& y) const {
  if (residual.type == ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED || residual.shape == y) return;
  throw Failure("the residual of shape " + residual.shape.text() + " isn't of the output's shape " + y.text());
}

}  // namespace onnxprune::plugin
