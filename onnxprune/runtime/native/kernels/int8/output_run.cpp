#include "kernels/int8/output_run.h"

#include <algorithm>
#include <cstring>

#include "kernels/int8/numbers.h"

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

// Rows are quantised where they are multiplied, some at a time; where workers share out strips, before that, all of
// them.
OutputRun::Plan OutputRun::plan(int64_t m, const ParallelFor& parallel) const {
  const int64_t team = workers(cost(m), parallel), parts = pieces(cost(m), team);
  const int64_t row_parts = parts_of_rows(m, slice_->rows, team, parts);
  return {team, row_parts, parts_of_outputs(groups_.n, kTogether, team, parts)};
}

int64_t OutputRun::rows_at_a_time(int64_t m) const {
  return std::min(m, std::max<int64_t>(slice_->rows, kRowsWords / groups_.row_words()));
}

size_t OutputRun::scratch_bytes(int64_t m, int threads) const {
  if (m <= 0) return 0;
  const size_t each = Numbering::bytes(tiles_, rows_at_a_time(m), groups_.k);
  const bool shared = m < 2 * threads * slice_->rows;  // as by_strips() has them
  return std::max(threads * each, shared ? Numbering::bytes(tiles_, m, groups_.k) : 0);
}

OutputRun::Rows OutputRun::rows_of(const Numbers& numbers, int64_t in, int64_t first, int64_t count) const {
  return {first, count, numbers.words + in * groups_.row_words(), numbers.scale + in, numbers.zero + in};
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

void OutputRun::strips(const Job& job, const Rows& rows, Range strips) const {
  for (int64_t s = strips.begin; s < strips.end;) {
    const int64_t end = chunk_end(s, strips.end);
    chunk(job, rows, s, end);
    s = end;
  }
}

void OutputRun::run(const Job& job) const {
  const Plan plan = this->plan(job.m, job.parallel);
  if (plan.row_parts > 1 || plan.workers == 1) return by_rows(job, plan);
  by_strips(job, plan);
}

void OutputRun::by_rows(const Job& job, const Plan& plan) const {
  const int64_t most = rows_at_a_time(job.m), each = Numbering::bytes(tiles_, most, groups_.k);
  const auto start = [&](int64_t worker) { return static_cast<char*>(job.scratch) + worker * each; };
  by_turns(job.parallel, plan.workers, plan.row_parts, start, [&](char* scratch, int64_t at) {
    const Range rows = share(job.m, plan.row_parts, at);
    const int64_t blocks = ceil_div(rows.end - rows.begin, most);
    for (int64_t b = 0; b < blocks; ++b) {
      const Range range = share(rows.end - rows.begin, blocks, b);
      const int64_t first = rows.begin + range.begin, count = range.end - range.begin;
      if (job.numbers) {
        strips(job, rows_of(*job.numbers, first, first, count), {0, groups_.strips});
        continue;
      }
      Numbering numbering(tiles_, job.x + first * groups_.k, count, groups_.k, scratch);
      numbering.make();
      strips(job, rows_of(numbering.numbers(), 0, first, count), {0, groups_.strips});
    }
  });
}

void OutputRun::by_strips(const Job& job, const Plan& plan) const {
  Numbering numbering(tiles_, job.x, job.m, groups_.k, job.scratch);
  const auto start = [&](int64_t) {
    if (!job.numbers) numbering.make();
    return job.numbers ? *job.numbers : numbering.numbers();
  };
  by_turns(job.parallel, plan.workers, plan.strip_parts, start, [&](const Numbers& numbers, int64_t at) {
    strips(job, rows_of(numbers, 0, 0, job.m), share_by_weight(groups_.bounds(), groups_.strips, plan.strip_parts, at));
  });
}

}  // namespace onnxprune::int8
