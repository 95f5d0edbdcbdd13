// The operator ai.onnxprune::SparseMatMul: Y = act(X W + bias) + residual with a packed W.
//
//   inputs      X [..., k] T; values float, T or int8; index uint8, uint16 or int32; pointer int32 (none in groups);
//               scales [n] float (int8 only); bias [n] T; residual T, of Y's shape
//   output      Y [..., n] T; T is float, float16 or, on a GPU, bfloat16
//   attributes  k, n; block: [out, in]; group: [kept, m]; activation: none, relu, gelu_erf, gelu_tanh or silu; version
//
// onnxprune/graph/packed.py says what the arrays hold.
#pragma once

#include "plugin/api.h"

namespace onnxprune::plugin {

constexpr char kDomain[] = "ai.onnxprune";
constexpr char kOperatorName[] = "SparseMatMul";
constexpr int64_t kFormatVersion = 1;

enum Input : size_t { kX, kValues, kIndex, kPointer, kScales, kBias, kResidual, kInputCount };

// The domain with the operator, for the ONNX Runtime that the table is of; made once, and never released: sessions of
// other threads may use it as long as the process lives.
OrtCustomOpDomain* operators(const Api& api);

}  // namespace onnxprune::plugin
