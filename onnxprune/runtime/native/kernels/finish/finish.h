// The epilogue behind the bias, on a tile of Y that has just been written: y = act(y) + residual, or, with the sum
// first, act(y + residual).
#pragma once

#include "core/epilogue.h"

namespace onnxprune {

// y: rows by columns, rows `stride` elements apart. residual: null, or its element that belongs to y[0].
struct Tile {
  float* y;
  int64_t rows, columns, stride;
  const float* residual;
  int64_t residual_stride;
  bool sum_first;
};

using Finish = void (*)(const Tile& tile, Activation act);

void finish_generic(const Tile& tile, Activation act);
void finish_avx2(const Tile& tile, Activation act);
void finish_avx512(const Tile& tile, Activation act);
void finish_neon(const Tile& tile, Activation act);

// The part of Y at [row, column] with the residual that belongs to it.
inline Tile tile_at(float* y, int64_t stride, const Epilogue& epilogue, int64_t row, int64_t column, int64_t rows,
                    int64_t columns) {
  const float* residual = epilogue.residual;
  if (residual) residual += row * epilogue.residual_stride + column;
  return {y + row * stride + column, rows, columns, stride, residual, epilogue.residual_stride, epilogue.sum_first};
}

}  // namespace onnxprune
