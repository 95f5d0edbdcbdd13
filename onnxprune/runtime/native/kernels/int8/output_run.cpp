#include "kernels/int8/output_run.h"

#include <algorithm>
#include <cstring>

#include "core/denormals.h"
#include "core/split.h"

namespace onnxprune::int8 {
namespace {

constexpr int64_t kChunkWords = 128 * 1024;  // of weights, which stay in the second cache while rows pass
constexpr int64_t kRowsWords = 48 * 1024;    // of rows of X likewise
constexpr int64_t kTogether = 128;           // outputs of strips that are computed in one go
constexpr int64_t kWidest = 64, kMostRows = 16;

}  // namespace

OutputRun::OutputRun(const Groups& groups, const Tiles& tiles)
    : groups_(groups),
      tiles_(tiles),
      slice_(widest_dividing(groups.loose ? tiles.loose_outputs : tiles.outputs, groups.width)) {}

OutputRun::Plan OutputRun::plan(int64_t m, int threads) const {
  const int64_t parts = tasks(m * groups_.count() * groups_.width * groups_.group, threads);
  const bool by_rows = m >= 2 * parts * slice_->rows;
  Plan plan{by_rows ? parts : 1, by_rows ? 1 : parts, 0, 0};
  const int64_t most = (m + plan.row_parts - 1) / plan.row_parts;
  plan.rows = std::min(most, std::max<int64_t>(slice_->rows, kRowsWords / groups_.row_words()));
  plan.bytes = round_up((groups_.row_words() + 2) * plan.rows * sizeof(Word), kCacheLine);
  return plan;
}

size_t OutputRun::scratch_bytes(int64_t m, int threads) const {
  if (m <= 0) return 0;
  const Plan p = plan(m, threads);
  return p.row_parts * p.strip_parts * p.bytes;
}

OutputRun::Rows OutputRun::quantised(const Job& job, const Plan& plan, int64_t first, int64_t count,
                                     void* scratch) const {
  const int64_t words = groups_.row_words();
  Word* x = static_cast<Word*>(scratch);
  Word* zero = x + plan.rows * words;
  float* scale = reinterpret_cast<float*>(zero + plan.rows);
  tiles_.quantise(job.x + first * groups_.k, count, groups_.k, x, words, scale, zero);
  return {first, count, x, scale, zero};
}

// Of slice `from` of strip s and some behind it, without a bias and y.
OutputTile OutputRun::tile_of(const Rows& panel, int64_t s, int64_t strips, int64_t from) const {
  const int64_t first = s * groups_.width + from;
  return {panel.x,
          groups_.row_words(),
          panel.scale,
          panel.zero,
          groups_.words() + from,
          groups_.width,
          groups_.index(),
          groups_.bounds() + s,
          strips,
          {groups_.scale() + first, groups_.sum() + first, nullptr},
          nullptr,
          groups_.n};
}

// A tile that juts out over n reads a bias of its own and writes aside.
void OutputRun::overhang(const Job& job, const Rows& panel, int64_t s, int64_t from) const {
  const int64_t first = s * groups_.width + from, outputs = groups_.n - first;
  if (outputs <= 0) return;
  alignas(kCacheLine) float aside[kMostRows * kWidest], bias[kWidest] = {};
  if (job.epilogue.bias) std::memcpy(bias, job.epilogue.bias + first, outputs * sizeof(float));
  OutputTile tile = tile_of(panel, s, 1, from);
  tile.of.bias = bias, tile.y = aside, tile.y_stride = slice_->outputs;
  slice_->fn[panel.count - 1](tile);
  for (int64_t r = 0; r < panel.count; ++r)
    std::memcpy(job.y + (panel.first + r) * groups_.n + first, aside + r * tile.y_stride, outputs * sizeof(float));
}

// Strips that are one slice wide go to the tile together, wider ones one by one. Y isn't fetched ahead: rows are
// written from left to right, which the processor foresees, and takes less time than asking for every line.
void OutputRun::batch(const Job& job, const Rows& panel, int64_t s, int64_t strips) const {
  const int64_t n = groups_.n, width = groups_.width, first = s * width;
  const int64_t outputs = std::min(strips * width, n - first);
  float* y = job.y + panel.first * n;
  for (int64_t from = 0; from < width; from += slice_->outputs) {
    const int64_t whole = (n - from) / width - s + ((n - from) % width >= slice_->outputs);
    const int64_t inside = std::clamp<int64_t>(whole, 0, strips);
    OutputTile tile = tile_of(panel, s, inside, from);
    tile.y = y + first + from;
    tile.of.bias = job.epilogue.bias ? job.epilogue.bias + first + from : nullptr;
    if (inside) slice_->fn[panel.count - 1](tile);
    if (inside < strips) overhang(job, panel, s + inside, from);
  }
  if (job.epilogue.finishes())
    tiles_.floats->finish(tile_at(job.y, n, job.epilogue, panel.first, first, panel.count, outputs), job.epilogue.act);
}

// The strips from `strip` on whose weights fit in a chunk: one at least.
int64_t OutputRun::chunk_end(int64_t strip, int64_t strip_end) const {
  const int32_t* bounds = groups_.bounds();
  int64_t end = strip + 1;
  while (end < strip_end && (bounds[end + 1] - bounds[strip]) * groups_.width <= kChunkWords) ++end;
  return end;
}

// Panels of rows are as equal as can be: 128 rows are 11 panels of 11 or 12.
void OutputRun::chunk(const Job& job, const Rows& rows, int64_t strip_begin, int64_t strip_end) const {
  const int64_t together = groups_.width == slice_->outputs ? std::max<int64_t>(1, kTogether / groups_.width) : 1;
  const int64_t panels = (rows.count + slice_->rows - 1) / slice_->rows;
  for (int64_t p = 0; p < panels; ++p) {
    const Range range = share(rows.count, panels, p);
    const Rows panel{rows.first + range.begin, range.end - range.begin, rows.x + range.begin * groups_.row_words(),
                     rows.scale + range.begin, rows.zero + range.begin};
    for (int64_t s = strip_begin; s < strip_end; s += together) batch(job, panel, s, std::min(together, strip_end - s));
  }
}

void OutputRun::task(void* arg, size_t i) {
  const Work& work = *static_cast<const Work*>(arg);
  const OutputRun& self = *work.self;
  const Plan& plan = work.plan;
  const FlushSubnormals guard;
  const int64_t at = static_cast<int64_t>(i);
  const Range rows = share(work.job->m, plan.row_parts, at / plan.strip_parts);
  const Range strips =
      share_by_weight(self.groups_.bounds(), self.groups_.strips, plan.strip_parts, at % plan.strip_parts);
  void* scratch = static_cast<char*>(work.job->scratch) + at * plan.bytes;
  const int64_t blocks = (rows.end - rows.begin + plan.rows - 1) / plan.rows;
  for (int64_t b = 0; b < blocks; ++b) {
    const Range range = share(rows.end - rows.begin, blocks, b);
    const Rows block = self.quantised(*work.job, plan, rows.begin + range.begin, range.end - range.begin, scratch);
    for (int64_t s = strips.begin; s < strips.end;) {
      const int64_t end = self.chunk_end(s, strips.end);
      self.chunk(*work.job, block, s, end);
      s = end;
    }
  }
}

void OutputRun::run(const Job& job) const {
  Work work{this, &job, plan(job.m, job.parallel.threads)};
  job.parallel(work.plan.row_parts * work.plan.strip_parts, task, &work);
}

}  // namespace onnxprune::int8
