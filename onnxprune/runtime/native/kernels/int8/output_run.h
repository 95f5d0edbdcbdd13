// A whole product by tiles with outputs in lanes.
#pragma once

#include "core/split.h"
#include "kernels/int8/groups.h"
#include "kernels/int8/numbers.h"
#include "kernels/kernel.h"

namespace onnxprune::int8 {

class OutputRun {
 public:
  // `groups` and `tiles` must outlive this.
  OutputRun(const Groups& groups, const Tiles& tiles);

  // Whether a tile fits the width of the strips.
  bool possible() const { return slice_ != nullptr; }
  size_t scratch_bytes(int64_t m, int threads) const;
  int64_t cost(int64_t m) const { return 2 * m * groups_.count() * groups_.width * groups_.group / 5; }
  void run(const Job& job) const;

 private:
  struct Plan {
    int64_t workers, row_parts, strip_parts;
  };
  // Some rows of X, quantised: x [rows][row_words].
  struct Rows {
    int64_t first, count;
    const Word* x;
    const float* scale;
    const Word* zero;
  };

  Plan plan(int64_t m, const ParallelFor& parallel) const;
  int64_t rows_at_a_time(int64_t m) const;
  Rows rows_of(const Numbers& numbers, int64_t in, int64_t first, int64_t count) const;
  void by_rows(const Job& job, const Plan& plan) const;
  void by_strips(const Job& job, const Plan& plan) const;
  void strips(const Job& job, const Rows& rows, Range strips) const;
  void chunk(const Job& job, const Rows& rows, int64_t strip_begin, int64_t strip_end) const;
  void batch(const Job& job, const Rows& panel, int64_t s, int64_t strips) const;
  OutputTile tile_of(const Rows& panel, int64_t s, int64_t strips, int64_t from) const;
  void overhang(const Job& job, const Rows& panel, int64_t s, int64_t from) const;
  int64_t chunk_end(int64_t strip, int64_t strip_end) const;

  const Groups& groups_;
  const Tiles& tiles_;
  const OutputTiles* slice_;  // the widest tile that divides the width of a strip
};

}  // namespace onnxprune::int8
