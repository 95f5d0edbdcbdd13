#include "kernels/blocks/token_run.h"

#include <algorithm>
#include <cstring>

#include "core/prefetch.h"
#include "core/split.h"
#include "core/turns.h"

namespace onnxprune {
namespace {

constexpr int64_t kPanelFloats = 160 * 1024;
constexpr int64_t kMostOutputs = 8;

}  // namespace

TokenRun::TokenRun(const Columns& columns, const BlockTiles& tiles, const TokenTiles* tokens)
    : columns_(columns), tiles_(tiles), slice_(widest_dividing(tokens, columns.width)), band_(band_of(columns.width)) {}

// A panel's X leaves half of the second cache to others, unless that would make it less than half a tile.
int64_t TokenRun::most_vectors() const {
  const int64_t fitting = kPanelFloats / (columns_.k * slice_->lanes);
  return std::clamp<int64_t>(fitting, (slice_->vectors + 1) / 2, slice_->vectors);
}

// Panels are as equal as can be, and as many as the workers can share evenly. Where there are too few, so are outputs.
TokenRun::Plan TokenRun::plan(int64_t m, const ParallelFor& parallel) const {
  const int64_t team = workers(cost(m), parallel), vectors = ceil_div(m, slice_->lanes);
  int64_t panels = ceil_div(vectors, most_vectors());
  if (vectors >= 2 * team) panels = ceil_div(panels, team) * team;
  return {vectors, panels, panels % team == 0 ? 1 : pieces(cost(m), team), team};
}

int64_t TokenRun::scratch_floats() const { return (columns_.k + band_) * most_vectors() * slice_->lanes; }

size_t TokenRun::scratch_bytes(int64_t, int threads) const { return threads * scratch_floats() * sizeof(float); }

// `first` is the slice's first output. A tile that juts out over n reads a bias of its own.
void TokenRun::slice(const Job& job, const Panel& panel, int64_t first, float* y) const {
  const int64_t s = first / columns_.width, from = first % columns_.width;
  const int64_t begin = columns_.begin(s, 0), end = columns_.end(s, columns_.parts - 1);
  float bias[kMostOutputs] = {};
  TokenTile tile{panel.x,        columns_.values() + begin * columns_.width + from,
                 columns_.width, columns_.index() + begin,
                 end - begin,    y,
                 nullptr};
  if (job.epilogue.bias) {
    std::copy_n(job.epilogue.bias + first, std::min<int64_t>(slice_->outputs, columns_.n - first), bias);
    tile.bias = bias;
  }
  slice_->fn[panel.tokens / slice_->lanes - 1](tile);
}

void TokenRun::band(const Job& job, const Panel& panel, int64_t band) const {
  const int64_t first = band * band_, last = std::min(first + band_, columns_.n);
  float* y = job.y + panel.row * columns_.n + first;
  const bool far = !job.planes && far_away(job.m * columns_.n);
  for (int64_t o = first; o < last; o += slice_->outputs) {
    // The part of Y that the band goes to arrives while it is summed up, some rows with every slice.
    const Range rows = share(panel.rows, last - first, o - first);
    const Range until = share(panel.rows, last - first, std::min(o + slice_->outputs, last) - first);
    if (far) prefetch_rows<true>(y + rows.begin * columns_.n, columns_.n, until.begin - rows.begin, last - first);
    if (job.planes) prefetch_residual(job, o, std::min(o + slice_->outputs, last), panel.row, panel.rows);
    slice(job, panel, o, panel.y + (o - first) * panel.tokens);
  }
  if (job.planes) return band_of_planes(job, panel, first, last);
  tiles_.unpack(panel.y, panel.tokens, last - first, panel.rows, y, columns_.n);
  if (!job.epilogue.finishes()) return;
  tiles_.finish(tile_at(job.y, columns_.n, job.epilogue, panel.row, first, panel.rows, last - first), job.epilogue.act);
}

// Outputs are planes, as the sums lie.
void TokenRun::band_of_planes(const Job& job, const Panel& panel, int64_t first, int64_t last) const {
  put_planes(panel.y, panel.tokens, last - first, panel.rows, job.y + first * job.m + panel.row, job.m);
  if (!job.epilogue.finishes()) return;
  tiles_.finish(tile_at(job.y, job.m, job.epilogue, first, panel.row, last - first, panel.rows), job.epilogue.act);
}

// X of panel p, transposed, unless that is what lies there.
void TokenRun::fill(const Job& job, const Plan& plan, int64_t p, Panel* panel) const {
  if (panel->number == p) return;
  const int64_t lanes = slice_->lanes, k = columns_.k;
  const Range vectors = share(plan.vectors, plan.panels, p);
  panel->number = p;
  panel->row = vectors.begin * lanes, panel->tokens = (vectors.end - vectors.begin) * lanes;
  panel->rows = std::min(job.m, vectors.end * lanes) - panel->row;
  panel->y = panel->x + k * panel->tokens;
  if (job.planes)
    gather(*job.planes, job.x, panel->row, panel->rows, panel->x, panel->tokens);
  else
    tiles_.pack(job.x + panel->row * k, k, panel->rows, k, panel->x, panel->tokens);
}

void TokenRun::run(const Job& job) const {
  const Plan plan = this->plan(job.m, job.parallel);
  const int64_t bands = ceil_div(columns_.n, band_);
  float* scratch = static_cast<float*>(job.scratch);
  const auto start = [&](int64_t worker) { return Panel{scratch + worker * scratch_floats()}; };
  by_turns(job.parallel, plan.workers, plan.panels * plan.parts, start, [&](Panel& panel, int64_t at) {
    fill(job, plan, at / plan.parts, &panel);
    const Range range = share(bands, plan.parts, at % plan.parts);
    for (int64_t b = range.begin; b < range.end; ++b) band(job, panel, b);
  });
}

}  // namespace onnxprune
