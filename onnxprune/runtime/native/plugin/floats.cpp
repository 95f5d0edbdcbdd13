#include "plugin/floats.h"

#include "core/half.h"

namespace onnxprune::plugin {
namespace {

template <class T>
std::vector<float> widened(const T* from, int64_t count) {
  std::vector<float> made(count + 1);  // never without data
  for (int64_t i = 0; i < count; ++i) made[i] = to_float(from[i]);
  return made;
}

}  // namespace

Floats::Floats(const Tensor& tensor, const char* what) {
  if (!tensor.data) return;
  const int64_t count = tensor.shape.elements();
  if (tensor.type == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16) {
    own_ = widened(tensor.as<Float16>(what), count);
  } else if (tensor.type == ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16) {
    own_ = widened(tensor.as<BFloat16>(what), count);
  }
  data_ = own_.empty() ? tensor.as<float>(what) : own_.data();
}

}  // namespace onnxprune::plugin
