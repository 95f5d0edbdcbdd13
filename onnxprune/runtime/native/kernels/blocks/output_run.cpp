#include "kernels/blocks/output_run.h"

#include <algorithm>
#include <cstring>

#include "core/prefetch.h"
#include "core/split.h"
#include "core/turns.h"

namespace onnxprune {
namespace {

constexpr int64_t kChunkFloats = 160 * 1024;  // half a second cache of weights stays there while all rows pass
constexpr int64_t kTogether = 128;            // outputs of strips that are computed in one go
constexpr int64_t kWidest = 64, kMostRows = 24;

}  // namespace

OutputRun::OutputRun(const Columns& columns, const BlockTiles& tiles)
    : columns_(columns), tiles_(tiles), slice_(widest_dividing(tiles.outputs, columns.width)) {}

// Runs a tile whose y and bias are set, on slice `from` of strip s and, as tile.strips says, of those behind it. Parts
// of k after the first add to what is already in y.
void OutputRun::parts(OutputTile& tile, int64_t s, int64_t from, int64_t rows) const {
  tile.w = columns_.values() + from, tile.w_stride = columns_.width, tile.index = columns_.index();
  tile.bounds_stride = columns_.bounds_stride();
  for (int64_t part = 0; part < columns_.parts; ++part) {
    tile.bounds = columns_.bounds(s, part);
    slice_->fn[rows - 1](tile);
    tile.accumulate = true;
  }
}

void OutputRun::tiles(const Job& job, int64_t s, int64_t strips, int64_t from, int64_t row, int64_t rows) const {
  const int64_t first = s * columns_.width + from;
  OutputTile tile{};
  tile.x = job.x + row * columns_.k, tile.x_stride = columns_.k;
  tile.y = job.y + row * columns_.n + first, tile.y_stride = columns_.n;
  tile.bias = job.epilogue.bias ? job.epilogue.bias + first : nullptr;
  tile.strips = strips;
  parts(tile, s, from, rows);
}

// A tile that juts out over n reads a bias of its own and writes aside.
void OutputRun::overhang(const Job& job, int64_t s, int64_t from, int64_t row, int64_t rows) const {
  const int64_t first = s * columns_.width + from, outputs = columns_.n - first;
  if (outputs <= 0) return;
  alignas(kCacheLine) float aside[kMostRows * kWidest], bias[kWidest] = {};
  if (job.epilogue.bias) std::memcpy(bias, job.epilogue.bias + first, outputs * sizeof(float));
  OutputTile tile{};
  tile.x = job.x + row * columns_.k, tile.x_stride = columns_.k;
  tile.y = aside, tile.y_stride = slice_->outputs, tile.bias = bias, tile.strips = 1;
  parts(tile, s, from, rows);
  for (int64_t r = 0; r < rows; ++r)
    std::memcpy(job.y + (row + r) * columns_.n + first, aside + r * tile.y_stride, outputs * sizeof(float));
}

// Strips that are one slice wide go to the tile together, wider ones one by one.
void OutputRun::batch(const Job& job, int64_t s, int64_t strips, int64_t row, int64_t rows) const {
  const int64_t first = s * columns_.width, outputs = std::min(strips * columns_.width, columns_.n - first);
  if (far_away(job.m * columns_.n))  // the part of Y arrives while it is summed up
    prefetch_rows<true>(job.y + row * columns_.n + first, columns_.n, rows, outputs);
  for (int64_t from = 0; from < columns_.width; from += slice_->outputs) {
    const int64_t whole =
        (columns_.n - from) / columns_.width - s + ((columns_.n - from) % columns_.width >= slice_->outputs);
    const int64_t inside = std::clamp<int64_t>(whole, 0, strips);
    if (inside) tiles(job, s, inside, from, row, rows);
    if (inside < strips) overhang(job, s + inside, from, row, rows);
  }
  if (job.epilogue.finishes())
    tiles_.finish(tile_at(job.y, columns_.n, job.epilogue, row, first, rows, outputs), job.epilogue.act);
}

// The strips from `strip` on whose weights fit in a chunk: one at least.
int64_t OutputRun::chunk_end(int64_t strip, int64_t strip_end) const {
  int64_t end = strip + 1;
  while (end < strip_end && (columns_.before()[end + 1] - columns_.before()[strip]) * columns_.width <= kChunkFloats)
    ++end;
  return end;
}

// Panels of rows are as equal as can be: 128 rows are 22 panels of 5 or 6, not 21 of 6 and one of 2.
void OutputRun::chunk(const Job& job, int64_t strip_begin, int64_t strip_end, int64_t row_begin,
                      int64_t row_end) const {
  const int64_t together = columns_.width == slice_->outputs ? std::max<int64_t>(1, kTogether / columns_.width) : 1;
  const int64_t rows = row_end - row_begin, panels = (rows + slice_->rows - 1) / slice_->rows;
  for (int64_t panel = 0; panel < panels; ++panel) {
    const Range range = share(rows, panels, panel);
    for (int64_t s = strip_begin; s < strip_end; s += together)
      batch(job, s, std::min(together, strip_end - s), row_begin + range.begin, range.end - range.begin);
  }
}

void OutputRun::run(const Job& job) const {
  const int64_t cost = this->cost(job.m), team = workers(cost, job.parallel), parts = pieces(cost, team);
  const int64_t row_parts = parts_of_rows(job.m, slice_->rows, team, parts);
  const int64_t strip_parts = row_parts > 1 ? 1 : parts_of_outputs(columns_.n, kTogether, team, parts);
  by_turns(job.parallel, team, row_parts * strip_parts, Nothing{}, [&](const Nothing&, int64_t at) {
    const Range rows = share(job.m, row_parts, at / strip_parts);
    const Range strips = share_by_weight(columns_.before(), columns_.strips, strip_parts, at % strip_parts);
    for (int64_t s = strips.begin; s < strips.end;) {
      const int64_t end = chunk_end(s, strips.end);
      chunk(job, s, end, rows.begin, rows.end);
      s = end;
    }
  });
}

}  // namespace onnxprune
