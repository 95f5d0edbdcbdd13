// Whole matrices from the processor's square transpose: included by the files that are compiled for one processor.
#pragma once

#include <cstdint>

namespace onnxprune {
namespace {

inline void transpose_edge(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
                           int64_t to_stride) {
  for (int64_t j = 0; j < columns; ++j)
    for (int64_t i = 0; i < rows; ++i) to[j * to_stride + i] = from[i * from_stride + j];
}

// to[j][i] = from[i][j]. Bands of as many columns as a vector has lanes, so that the rows read stay in few pages.
template <class V>
void transpose_all(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
                   int64_t to_stride) {
  constexpr int64_t S = V::kLanes;
  const int64_t whole_rows = rows / S * S, whole_columns = columns / S * S;
  for (int64_t i = 0; i < whole_rows; i += S)
    for (int64_t j = 0; j < whole_columns; j += S)
      transpose(V{}, from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
  if (whole_columns < columns)
    transpose_edge(from + whole_columns, from_stride, whole_rows, columns - whole_columns,
                   to + whole_columns * to_stride, to_stride);
  if (whole_rows < rows)
    transpose_edge(from + whole_rows * from_stride, from_stride, rows - whole_rows, columns, to + whole_rows,
                   to_stride);
}

template <class V>
void pack_tokens(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to, int64_t padded) {
  transpose_all<V>(from, from_stride, rows, columns, to, padded);
  if (rows == padded) return;
  for (int64_t j = 0; j < columns; ++j)
    for (int64_t i = rows; i < padded; ++i) to[j * padded + i] = 0.0f;
}

}  // namespace
}  // namespace onnxprune
