#include "kernels/reference/reference.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/int8/rows.h"
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

// X and W as they are multiplied, [m, k] and [k, n], and what their products are multiplied with, row by output.
struct Operands {
  std::vector<double> x, w, x_scale, w_scale;
};

Operands operands(const Packed& packed, const float* x, int64_t m) {
  Operands found{{}, {}, std::vector<double>(m, 1.0), std::vector<double>(packed.n, 1.0)};
  const std::vector<float> ones(packed.n, 1.0f);
  Packed numbers = packed;
  numbers.scales = ones.data();
  std::vector<float> w(packed.k * packed.n);
  unpack(numbers, w.data());
  found.w.assign(w.begin(), w.end());
  found.x.assign(x, x + m * packed.k);
  if (packed.dtype == WeightType::f32) return found;
  found.w_scale.assign(packed.scales, packed.scales + packed.n);
  std::vector<uint8_t> bytes(packed.k);
  for (int64_t row = 0; row < m; ++row) {
    const int8::Row of = int8::quantise_row(x + row * packed.k, packed.k, bytes.data());
    for (int64_t i = 0; i < packed.k; ++i) found.x[row * packed.k + i] = bytes[i] - of.zero;
    found.x_scale[row] = of.scale;
  }
  return found;
}

}  // namespace

void reference(const Packed& packed, const float* x, int64_t m, double* y, const Epilogue& epilogue,
               double* magnitude) {
  const Operands of = operands(packed, x, m);
  const bool whole = packed.dtype == WeightType::int8;  // numbers, whose sums are exact
  for (int64_t row = 0; row < m; ++row)
    for (int64_t o = 0; o < packed.n; ++o) {
      double sum = 0, size = 0;
      for (int64_t i = 0; i < packed.k; ++i) {
        const double term = of.x[row * packed.k + i] * of.w[i * packed.n + o];
        sum += term, size += std::fabs(term);
      }
      const double scale = of.x_scale[row] * of.w_scale[o], bias = epilogue.bias ? epilogue.bias[o] : 0;
      const double residual = epilogue.residual ? epilogue.residual[row * epilogue.residual_stride + o] : 0;
      const double before = epilogue.sum_first ? residual : 0, behind = residual - before;
      y[row * packed.n + o] = activated(sum * scale + bias + before, epilogue.act) + behind;
      if (magnitude)
        magnitude[row * packed.n + o] = (whole ? std::fabs(sum) : size) * scale + std::fabs(bias) + std::fabs(residual);
    }
}

}  // namespace onnxprune
