// A whole product by tiles with outputs in lanes.
#pragma once

#include "kernels/blocks/columns.h"
#include "kernels/blocks/contract.h"
#include "kernels/kernel.h"

namespace onnxprune {

class OutputRun {
 public:
  // `columns` and `tiles` must outlive this.
  OutputRun(const Columns& columns, const BlockTiles& tiles);

  // Whether a tile fits the width of the strips.
  bool possible() const { return slice_ != nullptr; }
  size_t scratch_bytes(int64_t, int) const { return 0; }
  int64_t cost(int64_t m) const { return m * columns_.count() * columns_.width; }
  void run(const Job& job) const;

 private:
  void chunk(const Job& job, int64_t strip_begin, int64_t strip_end, int64_t row_begin, int64_t row_end) const;
  void batch(const Job& job, int64_t s, int64_t strips, int64_t row, int64_t rows) const;
  void tiles(const Job& job, int64_t s, int64_t strips, int64_t from, int64_t row, int64_t rows) const;
  void overhang(const Job& job, int64_t s, int64_t from, int64_t row, int64_t rows) const;
  void parts(OutputTile& tile, int64_t s, int64_t from, int64_t rows) const;
  int64_t chunk_end(int64_t strip, int64_t strip_end) const;

  const Columns& columns_;
  const BlockTiles& tiles_;
  const OutputTiles* slice_;  // the widest tile that divides the width of a strip
};

}  // namespace onnxprune
