#include "kernels/plane_run.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/split.h"
#include "core/turns.h"

namespace onnxprune {
namespace {

constexpr int64_t kStripFloats = 96 * 1024;

}  // namespace

PlaneRun::PlaneRun(const PixelSums& sums, Finish finish, int64_t cost)
    : sums_(sums), sizes_(sums.sizes()), finish_(finish), cost_(cost) {}

// Not where much of what is summed up would be no pixel, or where windows are far wider than what they read.
bool PlaneRun::suits(const Planes& planes) const {
  const Windows windows(planes);
  const int64_t lanes = sizes_.lanes, image = planes.channels * windows.plane();
  const int64_t summed = ceil_div(windows.places(), lanes), pixels = ceil_div(planes.pixels(), lanes);
  const int64_t places = strip_vectors(windows) * lanes;
  return 4 * summed <= 5 * pixels && windows.strip_floats(places) <= windows.inputs() * places &&
         std::max(image, windows.strip_floats(places)) <= std::numeric_limits<int32_t>::max();
}

// As many tiles as leave half of the second cache to others, but one at the least.
int64_t PlaneRun::strip_vectors(const Windows& windows) const {
  const int64_t lanes = sizes_.lanes, all = ceil_div(windows.places(), lanes);
  const int64_t least = std::min(all, sizes_.vectors);
  return std::clamp((kStripFloats / windows.strip_planes() - windows.strip_plane(1)) / lanes, least, all);
}

// Workers get as many strips each, twice if there are tiles enough, and strips as many tiles. Where there are too few,
// outputs are shared out.
PlaneRun::Plan PlaneRun::plan(const Windows& windows, const ParallelFor& parallel) const {
  const int64_t cost = cost_ * windows.places(), team = workers(cost, parallel);
  const int64_t vectors = ceil_div(windows.places(), sizes_.lanes), tiles = ceil_div(vectors, sizes_.vectors);
  const int64_t strips = ceil_div(vectors, strip_vectors(windows));
  if (team == 1 || vectors < 2 * team) return {vectors, tiles, strips, pieces(cost, team), team};
  const int64_t turns = std::max(ceil_div(strips, team), std::min<int64_t>(2, tiles / (2 * team)));
  const int64_t equal = std::max<int64_t>(1, turns) * team;
  return {vectors, std::min(vectors, ceil_div(tiles, equal) * equal), equal, 1, team};
}

PlaneRun::Places PlaneRun::places(const Windows& windows, const Plan& plan, int64_t tile) const {
  const Range vectors = share(plan.vectors, plan.tiles, tile);
  const int64_t lanes = sizes_.lanes;
  return {vectors.begin * lanes, std::min(vectors.end * lanes, windows.places()), vectors.end - vectors.begin};
}

int64_t PlaneRun::copy_floats() const { return sizes_.copies ? sizes_.k * sizes_.vectors * sizes_.lanes : 0; }

int64_t PlaneRun::worker_floats(const Windows& windows) const {
  const int64_t floats = Reader::floats(windows, strip_vectors(windows) * sizes_.lanes) + copy_floats() + sums_floats();
  return static_cast<int64_t>(round_up(floats, kCacheLine / sizeof(float)));
}

View PlaneRun::copied(const View& x, int64_t tokens, float* to) const {
  for (int64_t i = 0; i < sizes_.k; ++i) std::memcpy(to + i * tokens, x.x + x.at[i], tokens * sizeof(float));
  return {to, nullptr};
}

size_t PlaneRun::scratch_bytes(const Planes& planes, int threads) const {
  return threads * worker_floats(Windows(planes)) * sizeof(float);
}

// Sums of rows of places become rows of pixels.
void PlaneRun::put(const Job& job, const Windows& windows, const Places& places, int64_t first, int64_t outputs,
                   const float* sums) const {
  const int64_t tokens = places.vectors * sizes_.lanes, row = windows.row(), pixels = windows.pixels_of_row();
  for (int64_t at = places.first, next; at < places.end; at = next) {
    const int64_t q = at % row;
    next = std::min(places.end, at - q + row);
    const int64_t count = std::min(next, at - q + pixels) - at;
    if (count > 0)
      put_planes(sums + at - places.first, tokens, outputs, count, job.y + first * job.m + windows.pixels(at), job.m);
  }
}

void PlaneRun::band(const Job& job, const Windows& windows, const View& x, const Places& places, int64_t first,
                    float* sums) const {
  const int64_t last = std::min(first + sizes_.band, sizes_.n), tokens = places.vectors * sizes_.lanes;
  const int64_t pixel = windows.pixels(places.first), pixels = windows.pixels(places.end) - pixel;
  const bool far = far_away(job.m * sizes_.n);
  for (int64_t o = first; o < last; o += sizes_.step) {
    const int64_t until = std::min(o + sizes_.step, last);
    if (far) prefetch_rows<true>(job.y + o * job.m + pixel, job.m, until - o, pixels);
    prefetch_residual(job, o, until, pixel, pixels);
    sums_.sum(x, o, places.vectors, job.epilogue.bias, sums + (o - first) * tokens);
  }
  put(job, windows, places, first, last - first, sums);
  if (!job.epilogue.finishes()) return;
  finish_(tile_at(job.y, job.m, job.epilogue, first, pixel, last - first, pixels), job.epilogue.act);
}

void PlaneRun::run(const Job& job) const {
  const Windows windows(*job.planes);
  const Plan plan = this->plan(windows, job.parallel);
  const int64_t bands = ceil_div(sizes_.n, sizes_.band), lanes = sizes_.lanes, strip = strip_vectors(windows) * lanes;
  float* scratch = static_cast<float*>(job.scratch);
  struct Worker {
    Reader reader;
    float *copy, *sums;
  };
  const auto start = [&](int64_t worker) {
    float* room = scratch + worker * worker_floats(windows);
    float* copy = room + Reader::floats(windows, strip);
    return Worker{Reader(windows, job.x, strip, room), copy, copy + copy_floats()};
  };
  by_turns(job.parallel, plan.workers, plan.strips * plan.parts, start, [&](Worker& worker, int64_t at) {
    const Range tiles = share(plan.tiles, plan.strips, at / plan.parts),
                range = share(bands, plan.parts, at % plan.parts);
    if (tiles.begin == tiles.end) return;
    const int64_t until = places(windows, plan, tiles.end - 1).end;
    for (int64_t t = tiles.begin; t < tiles.end; ++t) {
      const Places here = places(windows, plan, t);
      const int64_t tokens = here.vectors * lanes;
      View x = worker.reader.read(here.first, tokens, until);
      if (sizes_.copies) x = copied(x, tokens, worker.copy);
      for (int64_t b = range.begin; b < range.end; ++b) band(job, windows, x, here, b * sizes_.band, worker.sums);
    }
  });
}

}  // namespace onnxprune
