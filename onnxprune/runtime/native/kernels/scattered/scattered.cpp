#include "kernels/scattered/scattered.h"

#include <algorithm>

#include "core/denormals.h"
#include "core/split.h"
#include "kernels/scattered/nonzeros.h"

namespace onnxprune {
namespace {

constexpr int64_t kPanelFloats = 160 * 1024;

// Panel by panel of tokens: X is transposed, then band by band of outputs is summed up part by part of k and transposed
// back.
class Scattered : public Kernel {
 public:
  Scattered(const Packed& packed, const ScatteredTiles& tiles) : w_(packed), tiles_(tiles) {}

  const char* name(int64_t) const override { return tiles_.name; }
  bool borrows() const override { return false; }
  size_t owned_bytes() const override { return w_.owned_bytes(); }
  size_t scratch_bytes(int64_t m, int threads) const override;
  bool convolves() const override { return true; }
  size_t planes_scratch_bytes(int64_t m, int threads) const override { return scratch_bytes(m, threads); }
  void run(const Job& job) const override;

 private:
  struct Plan {
    int64_t units, unit, panels, panel_parts, band_parts;  // tokens come in `units` of `unit`
    int64_t panel_tokens() const { return ceil_div(units, panels) * unit; }
  };
  struct Work {
    const Scattered* self;
    const Job* job;
    Plan plan;
  };
  struct Panel {
    int64_t row, rows, tokens;
    const float* x;  // [k][tokens]
    float* y;        // [kBand][tokens]
  };

  static void task(void* arg, size_t i);
  Plan plan(int64_t m, int threads) const;
  int64_t scratch_floats(const Plan& plan) const {
    return round_up((w_.k + Nonzeros::kBand) * plan.panel_tokens(), 16);
  }
  RowsTileFn tile_for(int64_t tokens) const;
  void band(const Job& job, const Panel& panel, int64_t band) const;

  Nonzeros w_;
  const ScatteredTiles& tiles_;
};

// Few tokens get the smallest tile that holds them; more come in whole vectors, in panels as equal as can be.
Scattered::Plan Scattered::plan(int64_t m, int threads) const {
  const int64_t parts = tasks(m * w_.count(), threads);
  for (const RowsTiles* small = tiles_.rows; small->tokens <= tiles_.step; ++small)
    if (m <= small->tokens) return {1, small->tokens, 1, 1, parts};
  const int64_t units = ceil_div(m, tiles_.step);
  // A panel's X leaves half of the second cache to others, unless that would make it less than half a tile.
  const int64_t most = std::clamp(kPanelFloats / w_.k / tiles_.step * tiles_.step, tiles_.most / 2, tiles_.most);
  int64_t panels = ceil_div(units * tiles_.step, most);
  if (units >= 2 * parts) panels = ceil_div(panels, parts) * parts;
  const bool by_panels = panels % parts == 0;
  return {units, tiles_.step, panels, by_panels ? parts : 1, by_panels ? 1 : parts};
}

size_t Scattered::scratch_bytes(int64_t m, int threads) const {
  const Plan p = plan(m, threads);
  return p.panel_parts * p.band_parts * scratch_floats(p) * sizeof(float);
}

RowsTileFn Scattered::tile_for(int64_t tokens) const {
  const RowsTiles* tile = tiles_.rows;
  while (tile->tokens != tokens) ++tile;
  return tile->fn;
}

void Scattered::band(const Job& job, const Panel& panel, int64_t band) const {
  const int64_t first = band * Nonzeros::kBand, outputs = std::min(Nonzeros::kBand, w_.n - first);
  const RowsTileFn fn = tile_for(panel.tokens);
  const float* bias = job.epilogue.bias ? job.epilogue.bias + first : nullptr;
  for (int64_t part = 0; part < w_.parts; ++part) {
    const Nonzeros::Cell& cell = w_.cell(band, part);
    fn({panel.x + part * Nonzeros::kPart * panel.tokens, w_.values() + cell.values, w_.index() + cell.values,
        w_.runs() + cell.runs, cell.run_count, w_.outputs() + cell.outputs, panel.y, bias, part == 0});
  }
  if (job.planes)
    put_planes(panel.y, panel.tokens, outputs, panel.rows, job.y + first * job.m + panel.row, job.m);
  else
    tiles_.unpack(panel.y, panel.tokens, outputs, panel.rows, job.y + panel.row * w_.n + first, w_.n);
  if (!job.epilogue.finishes()) return;
  if (job.planes)
    return tiles_.finish(tile_at(job.y, job.m, job.epilogue, first, panel.row, outputs, panel.rows), job.epilogue.act);
  tiles_.finish(tile_at(job.y, w_.n, job.epilogue, panel.row, first, panel.rows, outputs), job.epilogue.act);
}

void Scattered::task(void* arg, size_t i) {
  const Work& work = *static_cast<const Work*>(arg);
  const Scattered& self = *work.self;
  const Plan& plan = work.plan;
  const FlushSubnormals guard;
  const int64_t at = static_cast<int64_t>(i), k = self.w_.k;
  float* scratch = static_cast<float*>(work.job->scratch) + at * self.scratch_floats(plan);
  const Range panels = share(plan.panels, plan.panel_parts, at / plan.band_parts);
  const Range bands = share_by_weight(self.w_.before(), self.w_.bands, plan.band_parts, at % plan.band_parts);
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const Range units = share(plan.units, plan.panels, p);
    Panel panel{units.begin * plan.unit, 0, (units.end - units.begin) * plan.unit, scratch, nullptr};
    panel.rows = std::min(work.job->m, units.end * plan.unit) - panel.row;
    const float* x = work.job->x + panel.row * k;
    // One token is its own transpose.
    if (work.job->planes)
      gather(*work.job->planes, work.job->x, panel.row, panel.rows, scratch, panel.tokens);
    else if (panel.tokens == 1)
      panel.x = x;
    else
      self.tiles_.pack(x, k, panel.rows, k, scratch, panel.tokens);
    panel.y = scratch + k * panel.tokens;
    for (int64_t b = bands.begin; b < bands.end; ++b) self.band(*work.job, panel, b);
  }
}

void Scattered::run(const Job& job) const {
  Work work{this, &job, plan(job.m, job.parallel.threads)};
  job.parallel(work.plan.panel_parts * work.plan.band_parts, task, &work);
}

}  // namespace

const ScatteredTiles* scattered_tiles(const Features& features) {
#if defined(ONNXPRUNE_X86)
  if (features.avx512) return &avx512_scattered_tiles();
  if (features.avx2) return &avx2_scattered_tiles();
#elif defined(ONNXPRUNE_NEON)
  if (features.neon) return &neon_scattered_tiles();
#endif
  (void)features;
  return nullptr;
}

std::unique_ptr<const Kernel> scattered_kernel(const Packed& packed, const ScatteredTiles& tiles) {
  return std::make_unique<Scattered>(packed, tiles);
}

}  // namespace onnxprune
