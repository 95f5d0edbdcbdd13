// Convolutions: X is an image of planes, whose windows are the rows that a weight is multiplied with.
#pragma once

#include <cstdint>

namespace onnxprune {

// An image of `channels` planes, and a window over it. Input i of the weight, [channels][window[0]][window[1]], is at
// output pixel (p, q) the pixel (p stride + a dilation - pad, q stride + b dilation - pad) of its plane, and zero where
// that lies outside. A row of the product is an output pixel.
struct Planes {
  int64_t channels, size[2];
  int64_t window[2], stride[2], dilation[2], pad[2];
  int64_t out[2];

  int64_t inputs() const { return channels * window[0] * window[1]; }
  int64_t pixels() const { return out[0] * out[1]; }
  // Whether every output pixel is that pixel of the image.
  bool pointwise() const;
  // The same with images of a single row, where that makes no difference.
  Planes in_rows() const;
};

// to[i][t], `tokens` apart: input i at output pixel first + t, for t below count; zeros behind.
void gather(const Planes& planes, const float* x, int64_t first, int64_t count, float* to, int64_t tokens);

// y[o][t] = sums[o][t] for t below count: planes with `pixels` from sums with `tokens`.
void put_planes(const float* sums, int64_t tokens, int64_t outputs, int64_t count, float* y, int64_t pixels);

}  // namespace onnxprune
