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

template <class V, bool along_from>
struct Transpose;

// What is narrower than the narrowest vector.
template <bool along_from>
struct Transpose<void, along_from> {
  static void all(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to, int64_t to_stride) {
    transpose_edge(from, from_stride, rows, columns, to, to_stride);
  }
};

// to[j][i] = from[i][j], along the rows of what lies far apart in memory: those read by pack, those written by unpack.
// What is left beside whole squares is left to the vector of half the width.
template <class V, bool along_from>
struct Transpose {
  static void all(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to, int64_t to_stride) {
    constexpr int64_t S = V::kLanes;
    const int64_t whole_rows = rows / S * S, whole_columns = columns / S * S;
    const int64_t outer = along_from ? whole_rows : whole_columns, inner = along_from ? whole_columns : whole_rows;
    for (int64_t a = 0; a < outer; a += S)
      for (int64_t b = 0; b < inner; b += S) {
        const int64_t i = along_from ? a : b, j = along_from ? b : a;
        transpose(V{}, from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
      }
    using Rest = Transpose<typename V::Half, along_from>;
    if (whole_columns < columns)
      Rest::all(from + whole_columns, from_stride, whole_rows, columns - whole_columns, to + whole_columns * to_stride,
                to_stride);
    if (whole_rows < rows)
      Rest::all(from + whole_rows * from_stride, from_stride, rows - whole_rows, columns, to + whole_rows, to_stride);
  }
};

template <class V>
void unpack_tokens(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
                   int64_t to_stride) {
  Transpose<V, false>::all(from, from_stride, rows, columns, to, to_stride);
}

template <class V>
void pack_tokens(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to, int64_t padded) {
  Transpose<V, true>::all(from, from_stride, rows, columns, to, padded);
  if (rows == padded) return;
  for (int64_t j = 0; j < columns; ++j)
    for (int64_t i = rows; i < padded; ++i) to[j * padded + i] = 0.0f;
}

}  // namespace
}  // namespace onnxprune
