#include "plugin/transpose.h"

#include <algorithm>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace onnxprune::plugin {
namespace {

constexpr int64_t kTile = 16;        // a cache line wide
constexpr int64_t kStripe = 64;      // columns that one task does
constexpr int64_t kAlone = 1 << 14;  // elements that aren't worth waking another thread for

// Four by four, of matrices with rows of these lengths.
inline void corner(const float* from, int64_t columns, float* to, int64_t rows) {
#if defined(__SSE__)
  __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + columns);
  __m128 c = _mm_loadu_ps(from + 2 * columns), d = _mm_loadu_ps(from + 3 * columns);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(to, a), _mm_storeu_ps(to + rows, b);
  _mm_storeu_ps(to + 2 * rows, c), _mm_storeu_ps(to + 3 * rows, d);
#else
  for (int64_t j = 0; j < 4; ++j) {
    for (int64_t i = 0; i < 4; ++i) to[j * rows + i] = from[i * columns + j];
  }
#endif
}

struct Work {
  const float* from;
  int64_t rows, columns;
  float* to;

  static void stripe(void* arg, size_t i) {
    const Work& work = *static_cast<const Work*>(arg);
    const int64_t begin = static_cast<int64_t>(i) * kStripe, end = std::min(begin + kStripe, work.columns);
    for (int64_t row = 0; row < work.rows; row += kTile) {
      for (int64_t column = begin; column < end; column += kTile) work.tile(row, column, end);
    }
  }

  void whole_tile(int64_t row, int64_t column) const {
    for (int64_t j = column; j < column + kTile; j += 4) {
      for (int64_t i = row; i < row + kTile; i += 4) corner(from + i * columns + j, columns, to + j * rows + i, rows);
    }
  }

  void tile(int64_t row, int64_t column, int64_t end) const {
    const int64_t last_row = std::min(row + kTile, rows), last = std::min(column + kTile, end);
    if (last_row - row == kTile && last - column == kTile) return whole_tile(row, column);
    for (int64_t j = column; j < last; ++j) {
      for (int64_t i = row; i < last_row; ++i) to[j * rows + i] = from[i * columns + j];
    }
  }
};

}  // namespace

void transpose(const float* from, int64_t rows, int64_t columns, float* to, const ParallelFor& parallel) {
  Work work{from, rows, columns, to};
  const ParallelFor alone;
  (rows * columns < kAlone ? alone : parallel)(static_cast<size_t>((columns + kStripe - 1) / kStripe), Work::stripe, &work);
}

}  // namespace onnxprune::plugin
