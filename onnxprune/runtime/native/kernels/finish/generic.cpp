#include <cmath>

#include "kernels/finish/finish.h"

namespace onnxprune {
namespace {

float gelu_erf(float v) { return 0.5f * v * (1.0f + std::erf(v * 0.70710678f)); }

float sigmoid(float v) { return 1.0f / (1.0f + std::exp(-v)); }

// tanh(u) = 2 sigmoid(2u) - 1.
float gelu_tanh(float v) { return v * sigmoid(1.5957691f * (v + 0.044715f * v * v * v)); }

float silu(float v) { return v * sigmoid(v); }

// A NaN stays one.
float relu(float v) { return v < 0.0f ? 0.0f : v; }

float same(float v) { return v; }

template <float (*act)(float)>
void apply(const Tile& t) {
  for (int64_t i = 0; i < t.rows; ++i) {
    float* y = t.y + i * t.stride;
    const float* residual = t.residual ? t.residual + i * t.residual_stride : nullptr;
    for (int64_t j = 0; residual && t.sum_first && j < t.columns; ++j) y[j] += residual[j];
    for (int64_t j = 0; j < t.columns; ++j) y[j] = act(y[j]);
    for (int64_t j = 0; residual && !t.sum_first && j < t.columns; ++j) y[j] += residual[j];
  }
}

}  // namespace

void finish_generic(const Tile& tile, Activation act) {
  switch (act) {
    case Activation::relu:
      return apply<relu>(tile);
    case Activation::gelu_erf:
      return apply<gelu_erf>(tile);
    case Activation::gelu_tanh:
      return apply<gelu_tanh>(tile);
    case Activation::silu:
      return apply<silu>(tile);
    default:
      return apply<same>(tile);
  }
}

}  // namespace onnxprune
