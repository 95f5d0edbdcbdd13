// Tensors of float32 or of 16 bits, as float32.
#pragma once

#include <vector>

#include "plugin/tensor.h"

namespace onnxprune::plugin {

class Floats {
 public:
  Floats() = default;
  // The tensor's numbers where they lie, if they are float32, else a copy. Throws a Failure that names the tensor by
  // `what` for other types.
  Floats(const Tensor& tensor, const char* what);

  // Null where there was no tensor.
  const float* data() const { return data_; }

 private:
  std::vector<float> own_;
  const float* data_ = nullptr;
};

}  // namespace onnxprune::plugin
