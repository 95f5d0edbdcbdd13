#include "kernels/blocks/token_run.h"

#include <algorithm>
#include <cstring>

#include "core/prefetch.h"
#include "core/split.h"
#include "core/turns.h"

namespace onnxprune {
namespace {

constexpr int64_t kPanelFloats = 160 * 1024;

}  // namespace

TokenRun::TokenRun(const Columns& columns, const BlockTiles& tiles, const Slices& slices)
    : columns_(columns), tiles_(tiles), slices_(slices), sizes_(slices.sizes()) {}

// A panel's X leaves half of the second cache to others, unless that would make it less than half a tile.
int64_t TokenRun::most_vectors() const {
  const int64_t fitting = kPanelFloats / (columns_.k * sizes_.lanes);
  return std::clamp<int64_t>(fitting, (sizes_.vectors + 1) / 2, sizes_.vectors);
}

// Panels are as equal as can be, and as many as the workers can share evenly. Where there are too few, so are outputs.
TokenRun::Plan TokenRun::plan(int64_t m, const ParallelFor& parallel) const {
  const int64_t team = workers(cost(m), parallel), vectors = ceil_div(m, sizes_.lanes);
  int64_t panels = ceil_div(vectors, most_vectors());
  if (vectors >= 2 * team) panels = ceil_div(panels, team) * team;
  return {vectors, panels, panels % team == 0 ? 1 : pieces(cost(m), team), team};
}

int64_t TokenRun::scratch_floats() const { return (columns_.k + sizes_.band) * most_vectors() * sizes_.lanes; }

size_t TokenRun::scratch_bytes(int64_t, int threads) const { return threads * scratch_floats() * sizeof(float); }

void TokenRun::band(const Job& job, const Panel& panel, int64_t band) const {
  const int64_t first = band * sizes_.band, last = std::min(first + sizes_.band, columns_.n);
  float* y = job.y + panel.row * columns_.n + first;
  const bool far = !job.planes && far_away(job.m * columns_.n);
  for (int64_t o = first; o < last; o += sizes_.step) {
    // The part of Y that the band goes to arrives while it is summed up, some rows with every slice.
    const Range rows = share(panel.rows, last - first, o - first);
    const Range until = share(panel.rows, last - first, std::min(o + sizes_.step, last) - first);
    if (far) prefetch_rows<true>(y + rows.begin * columns_.n, columns_.n, until.begin - rows.begin, last - first);
    if (job.planes) prefetch_residual(job, o, std::min(o + sizes_.step, last), panel.row, panel.rows);
    slices_.sum({panel.x, nullptr}, o, panel.tokens / sizes_.lanes, job.epilogue.bias,
                panel.y + (o - first) * panel.tokens);
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
  const int64_t lanes = sizes_.lanes, k = columns_.k;
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
  const int64_t bands = ceil_div(columns_.n, sizes_.band);
  float* scratch = static_cast<float*>(job.scratch);
  const auto start = [&](int64_t worker) { return Panel{scratch + worker * scratch_floats()}; };
  by_turns(job.parallel, plan.workers, plan.panels * plan.parts, start, [&](Panel& panel, int64_t at) {
    fill(job, plan, at / plan.parts, &panel);
    const Range range = share(bands, plan.parts, at % plan.parts);
    for (int64_t b = range.begin; b < range.end; ++b) band(job, panel, b);
  });
}

}  // namespace onnxprune
