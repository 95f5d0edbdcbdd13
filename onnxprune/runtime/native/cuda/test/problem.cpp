#include "cuda/test/problem.h"

#include <cmath>
#include <limits>

#include "cuda/emulated/machine.h"
#include "cuda/test/gpu.h"
#include "kernels/reference/reference.h"

namespace onnxprune::cuda {
namespace {

constexpr double kTolerance = 1e-5;  // of sums in float32, to what they are made of

float rounded_to(Number number, float v) {
  if (number == Number::f16) return to_float(from_float<Float16>(v));
  if (number == Number::bf16) return to_float(from_float<BFloat16>(v));
  return v;
}

// tf32, which tensor cores take float32 for.
float narrowed(Number number, float v) {
  return number == Number::f32 ? float_of(tf32(bits_of(v))) : rounded_to(number, v);
}

// Half of the last place of a number near 1.
double half_place(Number number) { return number == Number::f32 ? 0 : number == Number::f16 ? 0x1p-11 : 0x1p-8; }

// Half of the least number there is.
double least(Number number) { return number == Number::f16 ? 0x1p-25 : 0; }

// The largest: beyond it, an infinity is right.
double most(Number number) { return number == Number::f16 ? 65504.0 : 3.3e38; }

template <class T>
std::vector<T> elements(const std::vector<float>& values) {
  std::vector<T> made;
  made.reserve(values.size());
  for (const float v : values) made.push_back(from_float<T>(v));
  return made;
}

// The weight wherever the kernels are, and Y from there as float32. offset: elements that X begins behind a vector.
template <class T>
std::vector<float> run_as(Place place, const Problem& p, Number number, int64_t offset, std::string* kernel) {
  const Shape& s = p.shape;
  const std::vector<T> x = elements<T>(p.x), bias = elements<T>(p.bias), residual = elements<T>(p.residual);
  Aligned<T> from(x.size() + offset);
  std::copy(x.begin(), x.end(), from.data() + offset);
  std::vector<T> y(s.m * s.n, from_float<T>(std::numeric_limits<float>::quiet_NaN()));
  Call call;
  call.x = from.data() + offset, call.m = s.m, call.y = y.data(), call.act = p.epilogue.act;
  call.sum_first = p.epilogue.sum_first;
  if (p.epilogue.bias) call.bias = bias.data();
  if (p.epilogue.residual) call.residual = residual.data(), call.residual_stride = p.epilogue.residual_stride;
  const Sizes sizes{static_cast<int64_t>(x.size()), static_cast<int64_t>(y.size()), static_cast<int64_t>(bias.size()),
                    static_cast<int64_t>(residual.size())};
  if (place == Place::gpu) {
    *kernel = run_on_gpu(p.packed(), number, call, sizes);
  } else {
    const auto multiplier = create_on<Host>(p.packed(), number);
    multiplier->run(call);
    *kernel = std::string(multiplier->name()) + " (emulated)";
  }
  std::vector<float> got;
  for (const T v : y) got.push_back(to_float(v));
  return got;
}

}  // namespace

std::vector<Place> places() {
  static const bool gpu = has_gpu();
  return gpu ? std::vector<Place>{Place::emulated, Place::gpu} : std::vector<Place>{Place::emulated};
}

HalfProblem::HalfProblem(Random& random, const Shape& shape, Number number) : problem_(random, shape), number_(number) {
  const auto round = [&](auto& values) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = rounded_to(number, values[i]);
  };
  round(problem_.x), round(problem_.bias), round(problem_.residual);
  if (!shape.int8) {
    for (float& v : problem_.x) v = narrowed(number, v);
    for (size_t i = 0; i < problem_.weight.values.size(); ++i)
      problem_.weight.values[i] = narrowed(number, problem_.weight.values[i]);
  }
  expected_.resize(shape.m * shape.n), magnitude_.resize(shape.m * shape.n);
  reference(problem_.weight.view(), problem_.x.data(), shape.m, expected_.data(), problem_.epilogue, magnitude_.data());
}

std::string HalfProblem::run(Place place, Random& random) const {
  Host::little = between(random, 0, 1);
  whim = {between(random, 0, 1) == 1, between(random, 0, 1) == 1};
  const int64_t offset = between(random, 0, 3) ? 0 : between(random, 1, 7);
  std::string kernel;
  try {
    const auto y = number_ == Number::f32   ? run_as<float>(place, problem_, number_, offset, &kernel)
                   : number_ == Number::f16 ? run_as<Float16>(place, problem_, number_, offset, &kernel)
                                            : run_as<BFloat16>(place, problem_, number_, offset, &kernel);
    return compare(y, kernel);
  } catch (const std::exception& failure) {
    return problem_.shape.text() + ": " + failure.what();
  }
}

std::string HalfProblem::compare(const std::vector<float>& y, const std::string& kernel) const {
  for (size_t i = 0; i < y.size(); ++i) {
    const double wanted = expected_[i], error = std::fabs(y[i] - wanted);
    const double bound = kTolerance * std::max(1.0, magnitude_[i]) + half_place(number_) * 1.01 * std::fabs(wanted);
    if (error <= bound + least(number_) || (std::isnan(y[i]) && std::isnan(wanted))) continue;
    if (std::isinf(y[i]) && std::fabs(wanted) > most(number_) * 0.999 && (y[i] > 0) == (wanted > 0)) continue;
    const int64_t n = problem_.shape.n;
    return problem_.shape.text() + ": " + kernel + " gives " + std::to_string(y[i]) + " for " + std::to_string(wanted) +
           " at row " + std::to_string(i / n) + ", output " + std::to_string(i % n) + ", activation " +
           std::to_string(static_cast<int>(problem_.epilogue.act));
  }
  return {};
}

}  // namespace onnxprune::cuda
