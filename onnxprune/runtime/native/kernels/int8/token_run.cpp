#include "kernels/int8/token_run.h"

#include <algorithm>

#include "core/prefetch.h"
#include "core/split.h"
#include "core/turns.h"
#include "kernels/int8/numbers.h"

namespace onnxprune::int8 {
namespace {

constexpr int64_t kPanelWords = 128 * 1024;  // of X, which stay in the second cache while strips pass
constexpr int64_t kMostOutputs = 8;

// The tiles for the fewest tokens that take m of them, or those for most.
const TokenForm& fitting(const TokenForm* form, int64_t m) {
  while (form[1].tiles && form->tiles->lanes * form->tiles->vectors < m) ++form;
  return *form;
}

}  // namespace

TokenRun::TokenRun(const Groups& groups, const Tiles& tiles)
    : groups_(groups), tiles_(tiles), band_(band_of(groups.width)) {}

// A panel's X leaves half of the second cache to others. Panels are as equal as can be, and as many as the workers can
// share evenly; where there are too few, they share outputs.
TokenRun::Plan TokenRun::plan(int64_t m, const ParallelFor& parallel) const {
  const int64_t team = workers(cost(m), parallel);
  const TokenForm& form = fitting(groups_.loose ? tiles_.loose_tokens : tiles_.tokens, m);
  Plan p{widest_dividing(form.tiles, groups_.width), form.split, 0, 0, 0, 1, team};
  const int64_t step = p.slice->step, lanes = p.slice->lanes;
  const int64_t most = kPanelWords / (groups_.row_words() * lanes * step) * step;
  p.most = std::clamp<int64_t>(most, ceil_div(p.slice->vectors, 2 * step) * step, p.slice->vectors);
  p.units = ceil_div(m, lanes * step);
  p.panels = ceil_div(p.units * step, p.most);
  if (p.units >= 2 * team) p.panels = std::min(p.units, ceil_div(p.panels, team) * team);
  if (p.panels % team) p.parts = pieces(cost(m), team);
  return p;
}

int64_t TokenRun::scratch_words(const Plan& plan) const {
  const int64_t tokens = plan.most * plan.slice->lanes, line = kCacheLine / sizeof(Word);
  return round_up((2 * groups_.row_words() + 2 + band_) * tokens, line);
}

size_t TokenRun::scratch_bytes(int64_t m, int threads) const {
  if (m <= 0) return 0;
  return threads * scratch_words(plan(m, ParallelFor{})) * sizeof(Word);
}

TokenRun::Room TokenRun::room(const Plan& plan, Word* scratch) const {
  const int64_t tokens = plan.most * plan.slice->lanes, words = groups_.row_words();
  Room room{};
  room.words = scratch;
  room.rows = room.words + words * tokens;
  room.zero = room.rows + words * tokens;
  room.scale = reinterpret_cast<float*>(room.zero + tokens);
  room.y = room.scale + tokens;
  return room;
}

// X of panel p, unless that is what lies there. Words are transposed as the floats that they are as large as; tokens
// that are missing are zeros.
void TokenRun::fill(const Job& job, const Plan& plan, int64_t p, Panel* panel) const {
  if (panel->number == p) return;
  const int64_t k = groups_.k, words = groups_.row_words(), tokens = plan.slice->lanes * plan.slice->step;
  const Range units = share(plan.units, plan.panels, p);
  panel->number = p;
  panel->row = units.begin * tokens, panel->tokens = (units.end - units.begin) * tokens;
  panel->rows = std::min(job.m, units.end * tokens) - panel->row;
  const Room& room = panel->room;
  const Word* rows = room.rows;
  if (job.numbers) {
    rows = job.numbers->words + panel->row * words;
    std::copy_n(job.numbers->scale + panel->row, panel->rows, room.scale);
    std::copy_n(job.numbers->zero + panel->row, panel->rows, room.zero);
  } else {
    tiles_.quantise(job.x + panel->row * k, panel->rows, k, room.rows, words, room.scale, room.zero);
  }
  std::fill(room.scale + panel->rows, room.scale + panel->tokens, 0.0f);
  std::fill(room.zero + panel->rows, room.zero + panel->tokens, 0);
  tiles_.floats->pack(reinterpret_cast<const float*>(rows), words, panel->rows, words,
                      reinterpret_cast<float*>(room.words), panel->tokens);
  if (plan.split) plan.split(room.words, words);
}

// Of slice `from` of strip s and some behind it, without a bias.
TokenTile TokenRun::tile_of(const Panel& panel, int64_t s, int64_t strips, int64_t from) const {
  const int64_t first = s * groups_.width + from;
  return {panel.room.words,
          panel.room.scale,
          panel.room.zero,
          groups_.words() + from,
          groups_.width,
          groups_.index(),
          groups_.bounds() + s,
          strips,
          {groups_.scale() + first, groups_.sum() + first, nullptr},
          panel.room.y + (first % band_) * panel.tokens};
}

// Strips that are one slice wide go to the tile together, wider ones slice by slice, and those that jut out over n
// alone, with a bias of their own.
void TokenRun::slices(const Job& job, const Plan& plan, const Panel& panel, int64_t first, int64_t last) const {
  const int64_t width = groups_.width, step = plan.slice->outputs;
  const TokenTileFn fn = plan.slice->fn[panel.tokens / (plan.slice->lanes * plan.slice->step) - 1];
  for (int64_t o = first; o < last;) {
    const int64_t inside = width == step ? (last - o) / step : last - o >= step;
    float aside[kMostOutputs] = {};
    TokenTile tile = tile_of(panel, o / width, std::max<int64_t>(1, inside), o % width);
    tile.of.bias = job.epilogue.bias ? job.epilogue.bias + o : nullptr;
    if (!inside && job.epilogue.bias) tile.of.bias = std::copy_n(tile.of.bias, last - o, aside) - (last - o);
    fn(tile);
    o += tile.strips * step;
  }
}

void TokenRun::band(const Job& job, const Plan& plan, const Panel& panel, int64_t band) const {
  const int64_t n = groups_.n, first = band * band_, last = std::min(first + band_, n);
  float* y = job.y + panel.row * n + first;
  if (far_away(job.m * n)) prefetch_rows<true>(y, n, panel.rows, last - first);  // arrives while it is summed up
  slices(job, plan, panel, first, last);
  tiles_.floats->unpack(panel.room.y, panel.tokens, last - first, panel.rows, y, n);
  if (!job.epilogue.finishes()) return;
  tiles_.floats->finish(tile_at(job.y, n, job.epilogue, panel.row, first, panel.rows, last - first), job.epilogue.act);
}

void TokenRun::run(const Job& job) const {
  const Plan plan = this->plan(job.m, job.parallel);
  const int64_t bands = ceil_div(groups_.n, band_), each = scratch_words(plan);
  Word* scratch = static_cast<Word*>(job.scratch);
  const auto start = [&](int64_t worker) { return Panel{room(plan, scratch + worker * each)}; };
  by_turns(job.parallel, plan.workers, plan.panels * plan.parts, start, [&](Panel& panel, int64_t at) {
    fill(job, plan, at / plan.parts, &panel);
    const Range range = share(bands, plan.parts, at % plan.parts);
    for (int64_t b = range.begin; b < range.end; ++b) band(job, plan, panel, b);
  });
}

}  // namespace onnxprune::int8
