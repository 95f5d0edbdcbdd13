#include "kernels/scattered/scattered.h"

#include <algorithm>

#include "core/split.h"
#include "core/turns.h"
#include "kernels/plane_run.h"
#include "kernels/scattered/nonzeros.h"

namespace onnxprune {
namespace {

constexpr int64_t kPanelFloats = 160 * 1024;

// Panel by panel of tokens: X is transposed, then band by band of outputs is summed up part by part of k and transposed
// back.
class Scattered : public Kernel, private PixelSums {
 public:
  Scattered(const Packed& packed, const ScatteredTiles& tiles)
      : w_(packed), tiles_(tiles), planes_(*this, tiles.finish, 3 * w_.count() / 2) {}

  const char* name(int64_t) const override { return tiles_.name; }
  bool borrows() const override { return false; }
  size_t owned_bytes() const override { return w_.owned_bytes(); }
  size_t scratch_bytes(int64_t m, int threads) const override;
  bool convolves() const override { return true; }
  size_t planes_scratch_bytes(const Planes& planes, int threads) const override {
    return lie(planes) ? planes_.scratch_bytes(planes, threads) : scratch_bytes(planes.pixels(), threads);
  }
  // Few rows take as long as sixteen.
  int64_t cost(int64_t m) const override { return 3 * std::max<int64_t>(m, 16) * w_.count() / 2; }
  void run(const Job& job) const override;

 private:
  struct Plan {
    int64_t units, unit, panels, parts, workers;  // tokens come in `units` of `unit`
  };
  // What a worker has in its scratch.
  struct Panel {
    float* room;
    const float* x = nullptr;  // [k][tokens]
    float* y = nullptr;        // [kBand][tokens]
    int64_t row = 0, rows = 0, tokens = 0;
    int64_t number = -1;
  };

  Plan plan(int64_t m, const ParallelFor& parallel) const;
  int64_t most_tokens() const;
  int64_t scratch_floats(int64_t m) const;
  void fill(const Job& job, const Plan& plan, int64_t p, Panel* panel) const;
  RowsTileFn tile_for(int64_t tokens) const;
  // Whether windows are read where they lie, or else gathered.
  bool lie(const Planes& planes) const { return planes.pixels() >= tiles_.step && planes_.suits(planes); }
  Sizes sizes() const override {
    return {w_.k, w_.n, Nonzeros::kBand, Nonzeros::kBand, tiles_.step, most_tokens() / tiles_.step, true};
  }
  void sum(const View& x, int64_t first, int64_t vectors, const float* bias, float* y) const override;
  void sum_band(const float* x, int64_t band, int64_t tokens, const float* bias, float* y) const;
  void band(const Job& job, const Panel& panel, int64_t band) const;

  Nonzeros w_;
  const ScatteredTiles& tiles_;
  PlaneRun planes_;
};

// A panel's X leaves half of the second cache to others, unless that would make it less than half a tile.
int64_t Scattered::most_tokens() const {
  return std::clamp(kPanelFloats / w_.k / tiles_.step * tiles_.step, tiles_.most / 2, tiles_.most);
}

// Few tokens get the smallest tile that holds them; more come in whole vectors, in panels as equal as can be.
Scattered::Plan Scattered::plan(int64_t m, const ParallelFor& parallel) const {
  const int64_t team = workers(cost(m), parallel), parts = pieces(cost(m), team);
  for (const RowsTiles* small = tiles_.rows; small->tokens <= tiles_.step; ++small)
    if (m <= small->tokens) return {1, small->tokens, 1, parts, team};
  const int64_t units = ceil_div(m, tiles_.step);
  int64_t panels = ceil_div(units * tiles_.step, most_tokens());
  if (units >= 2 * team) panels = ceil_div(panels, team) * team;
  return {units, tiles_.step, panels, panels % team == 0 ? 1 : parts, team};
}

int64_t Scattered::scratch_floats(int64_t m) const {
  const int64_t tokens = std::min(round_up(m, tiles_.step), static_cast<size_t>(most_tokens()));
  return round_up((w_.k + Nonzeros::kBand) * tokens, 16);
}

size_t Scattered::scratch_bytes(int64_t m, int threads) const { return threads * scratch_floats(m) * sizeof(float); }

RowsTileFn Scattered::tile_for(int64_t tokens) const {
  const RowsTiles* tile = tiles_.rows;
  while (tile->tokens != tokens) ++tile;
  return tile->fn;
}

void Scattered::sum(const View& x, int64_t first, int64_t vectors, const float* bias, float* y) const {
  sum_band(x.x, first / Nonzeros::kBand, vectors * tiles_.step, bias, y);
}

void Scattered::sum_band(const float* x, int64_t band, int64_t tokens, const float* bias, float* y) const {
  const RowsTileFn fn = tile_for(tokens);
  if (bias) bias += band * Nonzeros::kBand;
  for (int64_t part = 0; part < w_.parts; ++part) {
    const Nonzeros::Cell& cell = w_.cell(band, part);
    fn({x + part * Nonzeros::kPart * tokens, w_.values() + cell.values, w_.index() + cell.values, w_.runs() + cell.runs,
        cell.run_count, w_.outputs() + cell.outputs, y, bias, part == 0});
  }
}

void Scattered::band(const Job& job, const Panel& panel, int64_t band) const {
  const int64_t first = band * Nonzeros::kBand, outputs = std::min(Nonzeros::kBand, w_.n - first);
  if (job.planes) prefetch_residual(job, first, first + outputs, panel.row, panel.rows);
  sum_band(panel.x, band, panel.tokens, job.epilogue.bias, panel.y);
  if (job.planes)
    put_planes(panel.y, panel.tokens, outputs, panel.rows, job.y + first * job.m + panel.row, job.m);
  else
    tiles_.unpack(panel.y, panel.tokens, outputs, panel.rows, job.y + panel.row * w_.n + first, w_.n);
  if (!job.epilogue.finishes()) return;
  if (job.planes)
    return tiles_.finish(tile_at(job.y, job.m, job.epilogue, first, panel.row, outputs, panel.rows), job.epilogue.act);
  tiles_.finish(tile_at(job.y, w_.n, job.epilogue, panel.row, first, panel.rows, outputs), job.epilogue.act);
}

// X of panel p, transposed, unless that is what lies there. One token is its own transpose.
void Scattered::fill(const Job& job, const Plan& plan, int64_t p, Panel* panel) const {
  if (panel->number == p) return;
  const Range units = share(plan.units, plan.panels, p);
  panel->number = p;
  panel->row = units.begin * plan.unit, panel->tokens = (units.end - units.begin) * plan.unit;
  panel->rows = std::min(job.m, units.end * plan.unit) - panel->row;
  panel->x = panel->room, panel->y = panel->room + w_.k * panel->tokens;
  const float* x = job.x + panel->row * w_.k;
  if (job.planes)
    gather(*job.planes, job.x, panel->row, panel->rows, panel->room, panel->tokens);
  else if (panel->tokens == 1)
    panel->x = x;
  else
    tiles_.pack(x, w_.k, panel->rows, w_.k, panel->room, panel->tokens);
}

void Scattered::run(const Job& job) const {
  if (job.planes && lie(*job.planes)) return planes_.run(job);
  const Plan plan = this->plan(job.m, job.parallel);
  float* scratch = static_cast<float*>(job.scratch);
  const auto start = [&](int64_t worker) { return Panel{scratch + worker * scratch_floats(job.m)}; };
  by_turns(job.parallel, plan.workers, plan.panels * plan.parts, start, [&](Panel& panel, int64_t at) {
    fill(job, plan, at / plan.parts, &panel);
    const Range bands = share_by_weight(w_.before(), w_.bands, plan.parts, at % plan.parts);
    for (int64_t b = bands.begin; b < bands.end; ++b) band(job, panel, b);
  });
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
