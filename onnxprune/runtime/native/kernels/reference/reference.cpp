#include "kernels/reference/reference.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include "pack/dense.h"

namespace onnxprune {
namespace {

double activated(double v, Activation act) {
  switch (act) {
    case Activation::relu:
      return v < 0 ? 0 : v;
    case Activation::gelu_erf:
      return 0.5 * v * (1 + std::erf(v / std::sqrt(2.0)));
    case Activation::gelu_tanh:
      return 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
    case Activation::silu:
      return v / (1 + std::exp(-v));
    default:
      return v;
  }
}

}  // namespace

void reference(const Packed& packed, const float* x, int64_t m, double* y, const Epilogue& epilogue,
               double* magnitude) {
  std::vector<float> w(packed.k * packed.n);
  unpack(packed, w.data());
  for (int64_t row = 0; row < m; ++row)
    for (int64_t o = 0; o < packed.n; ++o) {
      double sum = epilogue.bias ? epilogue.bias[o] : 0, size = std::fabs(sum);
      for (int64_t i = 0; i < packed.k; ++i) {
        const double term = static_cast<double>(x[row * packed.k + i]) * w[i * packed.n + o];
        sum += term, size += std::fabs(term);
      }
      const double residual = epilogue.residual ? epilogue.residual[row * epilogue.residual_stride + o] : 0;
      y[row * packed.n + o] = activated(sum, epilogue.act) + residual;
      if (magnitude) magnitude[row * packed.n + o] = size + std::fabs(residual);
    }
}

}  // namespace onnxprune
