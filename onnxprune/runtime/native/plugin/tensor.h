// Tensors of ONNX Runtime, seen without being copied.
#pragma once

#include <algorithm>

#include "plugin/api.h"

namespace onnxprune::plugin {

struct Shape {
  static constexpr size_t kMaxRank = 16;
  int64_t at[kMaxRank];
  size_t rank = 0;

  Shape() = default;
  // The axes that there are: to copy all of `at` would wait for each that has just been written.
  Shape(const Shape& other) : rank(other.rank) { std::copy_n(other.at, rank, at); }
  Shape& operator=(const Shape& other) {
    rank = other.rank;
    std::copy_n(other.at, rank, at);
    return *this;
  }

  int64_t elements() const;
  bool operator==(const Shape& other) const;
  // "[2, 3]"
  std::string text() const;
};

struct Tensor {
  const void* data = nullptr;
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  Shape shape;

  // Throws a Failure that names the tensor by `what` if it isn't of this type.
  template <class T>
  const T* as(const char* what) const;
};

// The tensor in a value; an empty one of no type for a null value (an optional input that is left out).
// Throws a Failure if it has more axes than a Shape holds.
Tensor tensor(const Api& api, const OrtValue* value);

// Output `index`, made in this shape: where its elements go.
void* output_of_any_type(const Api& api, OrtKernelContext* context, size_t index, const Shape& shape);
float* output(const Api& api, OrtKernelContext* context, size_t index, const Shape& shape);

}  // namespace onnxprune::plugin
