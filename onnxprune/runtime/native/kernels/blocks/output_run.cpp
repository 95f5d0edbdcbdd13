#include "kernels/blocks/output_run.h"

#include <algorithm>
#include <cstring>

#include "core/denormals.h"
#include "core/prefetch.h"
#include "core/split.h"

namespace onnxprune {
namespace {

constexpr int64_t kChunkFloats = 160 * 1024;  // half a second cache of weights stays there while all rows pass
constexpr int64_t kWidest = 64, kMostRows = 24;

const OutputTiles* dividing(const OutputTiles* tiles, int64_t width) {
  while (tiles->outputs && width % tiles->outputs) ++tiles;
  return tiles->outputs ? tiles : nullptr;
}

}  // namespace

OutputRun::OutputRun(const Columns& columns, const BlockTiles& tiles)
    : columns_(columns), tiles_(tiles), slice_(dividing(tiles.outputs, columns.width)) {}

// `from` is the slice's first output within the strip. Parts of k after the first add to what is already in y. Where a
// tile juts out over n, it writes aside.
void OutputRun::slice(const Job& job, int64_t s, int64_t from, int64_t row, int64_t rows) const {
  const int64_t first = s * columns_.width + from, outputs = std::min<int64_t>(slice_->outputs, columns_.n - first);
  if (outputs <= 0) return;
  const bool whole = outputs == slice_->outputs;
  alignas(kCacheLine) float aside[kMostRows * kWidest], bias[kWidest];
  OutputTile tile{};
  tile.x = job.x + row * columns_.k, tile.x_stride = columns_.k, tile.w_stride = columns_.width;
  tile.y = whole ? job.y + row * columns_.n + first : aside;
  tile.y_stride = whole ? columns_.n : slice_->outputs;
  tile.bias = job.epilogue.bias ? job.epilogue.bias + first : nullptr;
  if (tile.bias && !whole) {
    std::memset(bias, 0, sizeof bias);
    tile.bias = static_cast<const float*>(std::memcpy(bias, tile.bias, outputs * sizeof(float)));
  }
  for (int64_t part = 0; part < columns_.parts; ++part) {
    const int64_t begin = columns_.begin(s, part);
    tile.count = columns_.end(s, part) - begin;
    if (part && !tile.count) continue;
    tile.index = columns_.index() + begin, tile.w = columns_.values() + begin * columns_.width + from;
    slice_->fn[rows - 1](tile);
    tile.accumulate = true;
  }
  if (whole) return;
  for (int64_t r = 0; r < rows; ++r)
    std::memcpy(job.y + (row + r) * columns_.n + first, aside + r * tile.y_stride, outputs * sizeof(float));
}

void OutputRun::strip(const Job& job, int64_t s, int64_t row, int64_t rows) const {
  for (int64_t from = 0; from < columns_.width; from += slice_->outputs) slice(job, s, from, row, rows);
  if (!job.epilogue.finishes()) return;
  const int64_t first = s * columns_.width, outputs = std::min(columns_.width, columns_.n - first);
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
  const int64_t rows = row_end - row_begin, panels = (rows + slice_->rows - 1) / slice_->rows;
  for (int64_t panel = 0; panel < panels; ++panel) {
    const Range range = share(rows, panels, panel);
    const int64_t row = row_begin + range.begin;
    for (int64_t s = strip_begin; s < strip_end; ++s) {
      // While a strip is summed up, the part of Y that it goes to arrives.
      const int64_t first = s * columns_.width;
      if (far_away(job.m * columns_.n))
        prefetch_rows<true>(job.y + row * columns_.n + first, columns_.n, range.end - range.begin,
                            std::min(columns_.width, columns_.n - first));
      strip(job, s, row, range.end - range.begin);
    }
  }
}

void OutputRun::task(void* arg, size_t i) {
  const Work& work = *static_cast<const Work*>(arg);
  const OutputRun& self = *work.self;
  const FlushSubnormals guard;
  const int64_t at = static_cast<int64_t>(i);
  const Range rows = share(work.job->m, work.row_parts, at / work.strip_parts);
  const Range strips =
      share_by_weight(self.columns_.before(), self.columns_.strips, work.strip_parts, at % work.strip_parts);
  for (int64_t s = strips.begin; s < strips.end;) {
    const int64_t end = self.chunk_end(s, strips.end);
    self.chunk(*work.job, s, end, rows.begin, rows.end);
    s = end;
  }
}

void OutputRun::run(const Job& job) const {
  const int64_t parts = tasks(job.m * columns_.count() * columns_.width, job.parallel.threads);
  const bool by_rows = job.m >= 2 * parts * slice_->rows;
  Work work{this, &job, by_rows ? parts : 1, by_rows ? 1 : parts};
  job.parallel(parts, task, &work);
}

}  // namespace onnxprune
