// What is done to a product before it is written: Y = act(X W + bias) + residual, or act(X W + bias + residual).
#pragma once

#include <cstdint>

namespace onnxprune {

enum class Activation : int32_t {
  none = 0,
  relu = 1,
  gelu_erf = 2,   // v Phi(v), ONNX Gelu with approximate="none"
  gelu_tanh = 3,  // ONNX Gelu with approximate="tanh"
  silu = 4,       // v sigmoid(v)
};

// bias: [n] or null. residual: [m, n] with rows residual_stride elements apart, or null; it does not overlap Y.
struct Epilogue {
  const float* bias = nullptr;
  Activation act = Activation::none;
  const float* residual = nullptr;
  int64_t residual_stride = 0;
  bool sum_first = false;  // the residual is added before the activation

  // Whether there is something to do besides the bias.
  bool finishes() const { return act != Activation::none || residual; }
};

// The activation whose name ONNX graphs and Python use ("none", "relu", "gelu_erf", "gelu_tanh", "silu").
// Returns false, and leaves `act` alone, for any other name.
bool parse_activation(const char* name, Activation* act);

}  // namespace onnxprune
