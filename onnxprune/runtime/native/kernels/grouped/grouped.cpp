#include "kernels/grouped/grouped.h"

#include <algorithm>
#include <cstring>

#include "core/prefetch.h"
#include "core/split.h"
#include "core/turns.h"
#include "kernels/grouped/slots.h"

namespace onnxprune {
namespace {

constexpr int64_t kChunkFloats = 160 * 1024;  // half a second cache of weights stays there while all rows pass
constexpr int64_t kMostRows = 12, kMostLanes = 16;

class Grouped : public Kernel {
 public:
  Grouped(const Packed& packed, const GroupedTiles& tiles)
      : w_(packed, tiles.lanes), tiles_(tiles), chunk_(std::max<int64_t>(1, kChunkFloats / w_.strip_values())) {}

  const char* name(int64_t) const override { return tiles_.name; }
  bool borrows() const override { return false; }
  size_t owned_bytes() const override { return w_.owned_bytes(); }
  size_t scratch_bytes(int64_t, int) const override { return 0; }
  int64_t cost(int64_t m) const override { return 2 * m * w_.strips * w_.strip_values(); }
  void run(const Job& job) const override;

 private:
  void chunk(const Job& job, Range strips, Range rows) const;
  void strip(const Job& job, int64_t s, int64_t row, int64_t rows) const;

  Slots w_;
  const GroupedTiles& tiles_;
  int64_t chunk_;  // strips
};

// A strip that juts out over n reads a bias of its own and writes aside.
void Grouped::strip(const Job& job, int64_t s, int64_t row, int64_t rows) const {
  const int64_t first = s * w_.lanes, outputs = std::min(w_.lanes, w_.n - first);
  const bool whole = outputs == w_.lanes;
  alignas(kCacheLine) float aside[kMostRows * kMostLanes], bias[kMostLanes] = {};
  float* y = job.y + row * w_.n + first;
  GroupedTile tile{job.x + row * w_.k, w_.k, w_.values(s), w_.places(s), w_.groups, y, w_.n, nullptr};
  if (job.epilogue.bias) tile.bias = job.epilogue.bias + first;
  if (!whole) {
    if (tile.bias) tile.bias = static_cast<float*>(std::memcpy(bias, tile.bias, outputs * sizeof(float)));
    tile.y = aside, tile.y_stride = w_.lanes;
  }
  tiles_.fn[w_.kept - 1][rows - 1](tile);
  for (int64_t r = 0; !whole && r < rows; ++r) std::memcpy(y + r * w_.n, aside + r * w_.lanes, outputs * sizeof(float));
  if (job.epilogue.finishes())
    tiles_.finish(tile_at(job.y, w_.n, job.epilogue, row, first, rows, outputs), job.epilogue.act);
}

void Grouped::chunk(const Job& job, Range strips, Range rows) const {
  const int64_t count = rows.end - rows.begin, panels = (count + tiles_.rows - 1) / tiles_.rows;
  for (int64_t p = 0; p < panels; ++p) {
    const Range panel = share(count, panels, p);
    for (int64_t s = strips.begin; s < strips.end; ++s)
      strip(job, s, rows.begin + panel.begin, panel.end - panel.begin);
  }
}

void Grouped::run(const Job& job) const {
  const int64_t team = workers(cost(job.m), job.parallel), parts = pieces(cost(job.m), team);
  const int64_t row_parts = parts_of_rows(job.m, tiles_.rows, team, parts), strip_parts = row_parts > 1 ? 1 : parts;
  by_turns(job.parallel, team, row_parts * strip_parts, Nothing{}, [&](const Nothing&, int64_t at) {
    const Range rows = share(job.m, row_parts, at / strip_parts);
    const Range strips = share(w_.strips, strip_parts, at % strip_parts);
    for (int64_t s = strips.begin; s < strips.end; s += chunk_) chunk(job, {s, std::min(s + chunk_, strips.end)}, rows);
  });
}

}  // namespace

const GroupedTiles* grouped_tiles(const Features& features) {
#if defined(ONNXPRUNE_X86)
  if (features.avx512) return &avx512_grouped_tiles();
  if (features.avx2) return &avx2_grouped_tiles();
#endif
  (void)features;
  return nullptr;
}

std::unique_ptr<const Kernel> grouped_kernel(const Packed& packed, const GroupedTiles& tiles) {
  return std::make_unique<Grouped>(packed, tiles);
}

}  // namespace onnxprune
