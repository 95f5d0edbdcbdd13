#include "plugin/transpose.h"

#include <algorithm>

namespace onnxprune::plugin {
namespace {

constexpr int64_t kTile = 16;       // a cache line wide
constexpr int64_t kStripe = 64;     // columns that one task does
constexpr int64_t kAlone = 1 << 14;  // elements that aren't worth waking another thread for

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

  void tile(int64_t row, int64_t column, int64_t end) const {
    const int64_t last_row = std::min(row + kTile, rows), last = std::min(column + kTile, end);
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
