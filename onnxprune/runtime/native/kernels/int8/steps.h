// How a row of X becomes bytes: the same on every processor, to the bit.
//
//   low = min(x, 0), high = max(x, 0) over the row; scale = high / 255 - low / 255; zero = round(-low / scale)
//   byte = min(round(x / scale) + zero, 255), and stands for scale (byte - zero)
//
// in float32, x / scale by the inverse, halves rounded to even: what ONNX's DynamicQuantizeLinear does for a tensor,
// row by row. A row without a number beyond the subnormal ones is zero. One with an infinity or a NaN has a scale of
// NaN, and so all of its outputs are NaN.
//
// Everything lies in an unnamed namespace, since files that are compiled for one processor include it.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define ONNXPRUNE_ON_GPU __host__ __device__
#else
#define ONNXPRUNE_ON_GPU
#endif

namespace onnxprune::int8 {
namespace {

struct Steps {
  float scale, inverse;
  int32_t zero;
};

ONNXPRUNE_ON_GPU inline Steps steps(float low, float high, bool finite) {
  if (!finite) return {__builtin_nanf(""), 0.0f, 0};
  const float scale = high / 255.0f - low / 255.0f;
  if (scale < __FLT_MIN__) return {0.0f, 0.0f, 0};
  const float inverse = 1.0f / scale;
  return {scale, inverse, static_cast<int32_t>(__builtin_rintf(-low * inverse))};
}

}  // namespace
}  // namespace onnxprune::int8
