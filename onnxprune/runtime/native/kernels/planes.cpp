#include "kernels/planes.h"

#include <algorithm>
#include <cstring>

namespace onnxprune {
namespace {

// Pixels of a row of a plane, `stride` apart from `from` on, which may lie outside.
void take(const float* row, int64_t size, int64_t from, int64_t stride, int64_t count, float* to) {
  const int64_t before = from < 0 ? std::min(count, (-from + stride - 1) / stride) : 0;
  const int64_t inside = from + before * stride < size ? (size - 1 - from) / stride + 1 : before;
  const int64_t end = std::clamp(inside, before, count);
  std::fill_n(to, before, 0.0f);
  if (stride == 1)
    std::memcpy(to + before, row + from + before, (end - before) * sizeof(float));
  else
    for (int64_t i = before; i < end; ++i) to[i] = row[from + i * stride];
  std::fill(to + end, to + count, 0.0f);
}

// The output pixels from first on of input (a, b) of a plane.
void input(const Planes& p, const float* plane, int64_t a, int64_t b, int64_t first, int64_t count, float* to) {
  for (int64_t done = 0; done < count;) {
    const int64_t y = (first + done) / p.out[1], x = (first + done) % p.out[1];
    const int64_t run = std::min(p.out[1] - x, count - done);
    const int64_t row = y * p.stride[0] + a * p.dilation[0] - p.pad[0];
    if (row < 0 || row >= p.size[0])
      std::fill_n(to + done, run, 0.0f);
    else
      take(plane + row * p.size[1], p.size[1], x * p.stride[1] + b * p.dilation[1] - p.pad[1], p.stride[1], run,
           to + done);
    done += run;
  }
}

}  // namespace

bool Planes::pointwise() const {
  for (int axis = 0; axis < 2; ++axis)
    if (window[axis] != 1 || stride[axis] != 1 || pad[axis] || out[axis] != size[axis]) return false;
  return true;
}

Planes Planes::in_rows() const {
  if (!pointwise()) return *this;
  Planes flat = *this;
  flat.size[1] = flat.out[1] = pixels();
  flat.size[0] = flat.out[0] = 1;
  return flat;
}

void put_planes(const float* sums, int64_t tokens, int64_t outputs, int64_t count, float* y, int64_t pixels) {
  for (int64_t o = 0; o < outputs; ++o) std::memcpy(y + o * pixels, sums + o * tokens, count * sizeof(float));
}

void gather(const Planes& p, const float* x, int64_t first, int64_t count, float* to, int64_t tokens) {
  for (int64_t c = 0; c < p.channels; ++c, x += p.size[0] * p.size[1])
    for (int64_t a = 0; a < p.window[0]; ++a)
      for (int64_t b = 0; b < p.window[1]; ++b, to += tokens) {
        input(p, x, a, b, first, count, to);
        std::fill(to + count, to + tokens, 0.0f);
      }
}

}  // namespace onnxprune
