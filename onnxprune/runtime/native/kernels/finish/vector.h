// Activations on vectors: included by the files that are compiled for one processor.
#pragma once

#include "kernels/finish/finish.h"

namespace onnxprune {
namespace {

template <class V>
struct Act {
  using Reg = typename V::Reg;
  static Reg c(float v) { return V::one(v); }

  // The polynomial in x with these factors, that of the highest power first.
  template <int N>
  static Reg polynomial(Reg x, const float (&factors)[N]) {
    Reg p = c(factors[0]);
#pragma GCC unroll 16
    for (int i = 1; i < N; ++i) p = V::fma(p, x, c(factors[i]));
    return p;
  }

  // exp(v) for v <= 0, relative error below 2e-7: 2^n times the Taylor series on [-ln 2 / 2, ln 2 / 2], ln 2 in two
  // pieces.
  static Reg exp_negative(Reg v) {
    v = V::max(v, c(-87.0f));
    const Reg n = V::round(V::mul(v, c(1.44269504f)));
    Reg f = V::fma(n, c(-0.693145752f), v);
    f = V::fma(n, c(-1.42860677e-6f), f);
    static constexpr float kTaylor[] = {1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};
    return V::mul(polynomial(f, kTaylor), V::power_of_two(n));
  }

  // v / (1 + exp(-u)), where u has the sign of v. Only exponents of what is negative are taken, so that nothing
  // overflows.
  static Reg gated(Reg v, Reg u) {
    const Reg minus = V::min(u, V::mul(u, c(-1.0f)));
    const Reg e = exp_negative(minus), half = V::div(c(1.0f), V::add(c(1.0f), e));
    // 1 / (1 + e) for u >= 0, e / (1 + e) below: max(v, 0) and min(v, 0) pick the one that v is multiplied with.
    return V::fma(V::max(V::zero(), v), half, V::mul(V::mul(V::min(V::zero(), v), e), half));
  }

  static Reg relu(Reg v) { return V::max(V::zero(), v); }  // a NaN stays one: max takes its second operand then
  static Reg silu(Reg v) { return gated(v, v); }
  static Reg gelu_tanh(Reg v) {
    const Reg cube = V::mul(V::mul(v, v), v);
    return gated(v, V::mul(c(1.5957691f), V::fma(c(0.044715f), cube, v)));
  }
  static Reg same(Reg v) { return v; }

  // v Phi(v) = v / 2 + |v| h, where h = erf(|v| / sqrt 2) / 2 is |v| times a polynomial in v^2 up to |v| = 5.3, beyond
  // which it is 1 / 2 in float32. The polynomial of degree 13 in s = 2 v^2 / 5.3^2 - 1 was fitted to the least largest
  // error of h (least squares, reweighted as Lawson does); the result is within 3e-7 |v|.
  static Reg gelu_erf(Reg v) {
    const Reg size = V::max(v, V::mul(v, c(-1.0f))), a = V::min(size, c(5.3f));
    const Reg s = V::fma(V::mul(a, a), c(2.0f / (5.3f * 5.3f)), c(-1.0f));
    static constexpr float kHalfErf[] = {-6.51961309e-4f, 1.66833191e-3f, -1.43367169e-3f, 1.92519708e-3f,
                                         -5.46269538e-3f, 9.60007496e-3f, -1.33964075e-2f, 1.86741855e-2f,
                                         -2.52429564e-2f, 3.21183763e-2f, -3.95950787e-2f, 4.92619276e-2f,
                                         -6.65183142e-2f, 1.33392587e-1f};
    return V::fma(size, V::mul(polynomial(s, kHalfErf), a), V::mul(v, c(0.5f)));
  }
};

// v with what is added to it, before the activation or behind.
template <class V, typename V::Reg (*act)(typename V::Reg)>
typename V::Reg finished(typename V::Reg v, const float* residual, bool sum_first) {
  if (!residual) return act(v);
  const auto added = V::load(residual);
  return sum_first ? act(V::add(v, added)) : V::add(act(v), added);
}

template <class V, typename V::Reg (*act)(typename V::Reg)>
void finish_rows(const Tile& t) {
  constexpr int64_t L = V::kLanes;
  const int64_t whole = t.columns / L * L;
  for (int64_t i = 0; i < t.rows; ++i) {
    float* y = t.y + i * t.stride;
    const float* residual = t.residual ? t.residual + i * t.residual_stride : nullptr;
    for (int64_t j = 0; j < whole; j += L)
      V::store(y + j, finished<V, act>(V::load(y + j), residual ? residual + j : nullptr, t.sum_first));
    if (whole == t.columns) continue;
    float rest[L] = {}, added[L] = {};
    for (int64_t j = whole; j < t.columns; ++j)
      rest[j - whole] = y[j], added[j - whole] = residual ? residual[j] : 0.0f;
    V::store(rest, finished<V, act>(V::load(rest), added, t.sum_first));
    for (int64_t j = whole; j < t.columns; ++j) y[j] = rest[j - whole];
  }
}

template <class V>
void finish_vector(const Tile& tile, Activation act) {
  switch (act) {
    case Activation::relu:
      return finish_rows<V, Act<V>::relu>(tile);
    case Activation::gelu_erf:
      return finish_rows<V, Act<V>::gelu_erf>(tile);
    case Activation::gelu_tanh:
      return finish_rows<V, Act<V>::gelu_tanh>(tile);
    case Activation::silu:
      return finish_rows<V, Act<V>::silu>(tile);
    default:
      return finish_rows<V, Act<V>::same>(tile);
  }
}

}  // namespace
}  // namespace onnxprune
