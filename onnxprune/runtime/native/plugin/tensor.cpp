#include "plugin/tensor.h"

#include <algorithm>

#include "core/half.h"

namespace onnxprune::plugin {
namespace {

template <class T>
constexpr ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
template <>
constexpr ONNXTensorElementDataType element<float> = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
template <>
constexpr ONNXTensorElementDataType element<Float16> = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16;
template <>
constexpr ONNXTensorElementDataType element<BFloat16> = ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16;
template <>
constexpr ONNXTensorElementDataType element<int8_t> = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8;
template <>
constexpr ONNXTensorElementDataType element<uint8_t> = ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8;
template <>
constexpr ONNXTensorElementDataType element<uint16_t> = ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16;
template <>
constexpr ONNXTensorElementDataType element<int32_t> = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32;

size_t checked(size_t rank) {
  if (rank > Shape::kMaxRank) throw Failure("a tensor has more than 16 axes");
  return rank;
}

void describe(const Api& api, const OrtTensorTypeAndShapeInfo* info, Tensor* tensor) {
  api.check(api->GetTensorElementType(info, &tensor->type));
  size_t rank = 0;
  api.check(api->GetDimensionsCount(info, &rank));
  tensor->shape.rank = checked(rank);
  api.check(api->GetDimensions(info, tensor->shape.at, rank));
}

// Through an object that the runtime makes for it.
void describe_by_copy(const Api& api, const OrtValue* value, Tensor* tensor) {
  OrtTensorTypeAndShapeInfo* info = nullptr;
  api.check(api->GetTensorTypeAndShape(value, &info));
  try {
    describe(api, info, tensor);
  } catch (...) {
    api->ReleaseTensorTypeAndShapeInfo(info);
    throw;
  }
  api->ReleaseTensorTypeAndShapeInfo(info);
}

void describe(const Api& api, const OrtValue* value, Tensor* tensor) {
  if (!api.shape_reference()) return describe_by_copy(api, value, tensor);
  const int64_t* shape = nullptr;
  size_t rank = 0;
  api.check(api.shape_reference()(value, &tensor->type, &shape, &rank));
  tensor->shape.rank = checked(rank);
  std::copy_n(shape, rank, tensor->shape.at);
}

}  // namespace

int64_t Shape::elements() const {
  int64_t count = 1;
  for (size_t axis = 0; axis < rank; ++axis) count *= at[axis];
  return count;
}

bool Shape::operator==(const Shape& other) const { return rank == other.rank && std::equal(at, at + rank, other.at); }

std::string Shape::text() const {
  std::string text = "[";
  for (size_t axis = 0; axis < rank; ++axis) text += (axis ? ", " : "") + std::to_string(at[axis]);
  return text + "]";
}

template <class T>
const T* Tensor::as(const char* what) const {
  if (type != element<T>) throw Failure(std::string(what) + " has an element type that is not expected there");
  return static_cast<const T*>(data);
}

template const float* Tensor::as(const char*) const;
template const Float16* Tensor::as(const char*) const;
template const BFloat16* Tensor::as(const char*) const;
template const int8_t* Tensor::as(const char*) const;
template const uint8_t* Tensor::as(const char*) const;
template const uint16_t* Tensor::as(const char*) const;
template const int32_t* Tensor::as(const char*) const;

Tensor tensor(const Api& api, const OrtValue* value) {
  Tensor found;
  if (!value) return found;
  describe(api, value, &found);
  void* data = nullptr;
  api.check(api->GetTensorMutableData(const_cast<OrtValue*>(value), &data));
  found.data = data;
  return found;
}

void* output_of_any_type(const Api& api, OrtKernelContext* context, size_t index, const Shape& shape) {
  OrtValue* value = nullptr;
  void* data = nullptr;
  api.check(api->KernelContext_GetOutput(context, index, shape.at, shape.rank, &value));
  api.check(api->GetTensorMutableData(value, &data));
  return data;
}

float* output(const Api& api, OrtKernelContext* context, size_t index, const Shape& shape) {
  return static_cast<float*>(output_of_any_type(api, context, index, shape));
}

}  // namespace onnxprune::plugin
