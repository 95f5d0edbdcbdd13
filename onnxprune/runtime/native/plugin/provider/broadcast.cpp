#include "plugin/provider/broadcast.h"

#include <algorithm>

namespace onnxprune::plugin {
namespace {

// The length of an axis, counted from the last one.
int64_t length(const Shape& shape, size_t from_last) {
  return from_last < shape.rank ? shape.at[shape.rank - 1 - from_last] : 1;
}

// Where an operand's row begins that is read for row `row` of the result: an axis of one is read again and again.
int64_t begin(const Shape& operand, const Shape& result, int64_t row) {
  int64_t at = 0, step = length(operand, 0);
  for (size_t axis = 1; axis < result.rank; ++axis) {
    const int64_t size = length(result, axis), own = length(operand, axis);
    if (own > 1) at += row % size * step;
    row /= size, step *= own;
  }
  return at;
}

}  // namespace

Shape broadcast(const Shape& one, const Shape& other) {
  Shape shape;
  shape.rank = std::max(one.rank, other.rank);
  for (size_t axis = 0; axis < shape.rank; ++axis) {
    const int64_t a = length(one, axis), b = length(other, axis);
    if (a != b && a != 1 && b != 1) {
      throw Failure("tensors of shapes " + one.text() + " and " + other.text() + " can't be added");
    }
    shape.at[shape.rank - 1 - axis] = a == 1 ? b : a;
  }
  return shape;
}

void add(const float* one, const Shape& one_shape, const float* other, const Shape& other_shape, float* to) {
  const Shape shape = broadcast(one_shape, other_shape);
  const int64_t width = length(shape, 0), rows = width ? shape.elements() / width : 0;
  const int64_t a_step = length(one_shape, 0) > 1, b_step = length(other_shape, 0) > 1;
  for (int64_t row = 0; row < rows; ++row, to += width) {
    const float* a = one + begin(one_shape, shape, row);
    const float* b = other + begin(other_shape, shape, row);
    for (int64_t i = 0; i < width; ++i) to[i] = a[i * a_step] + b[i * b_step];
  }
}

}  // namespace onnxprune::plugin
