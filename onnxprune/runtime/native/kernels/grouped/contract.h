// The tiles that the kernel for 1:4 and 2:4 weights is made of; processors that can permute by lane have a table of
// them.
#pragma once

#include <cstdint>

#include "core/features.h"
#include "kernels/finish/finish.h"

namespace onnxprune {

// Outputs in lanes: `lanes` outputs by some rows of X. Every group of four inputs has `kept` slots: a vector of values
// and one word with the places of all lanes within the group, two bits each, the first lane lowest. Words have 2 *
// lanes bits. x: rows x_stride apart. w: [groups][kept][lanes]. places: [groups][kept] words, with 4 readable bytes
// behind the last. bias: [lanes] or null. y: rows y_stride apart, overwritten.
struct GroupedTile {
  const float* x;
  int64_t x_stride;
  const float* w;
  const char* places;
  int64_t groups;
  float* y;
  int64_t y_stride;
  const float* bias;
};

using GroupedTileFn = void (*)(const GroupedTile& tile);

// What a processor has: fn[kept - 1][r - 1] takes r rows, up to `rows`.
struct GroupedTiles {
  const char* name;
  int lanes, rows;
  const GroupedTileFn* fn[2];
  Finish finish;
};

const GroupedTiles& avx512_grouped_tiles();
const GroupedTiles& avx2_grouped_tiles();

// The table of the best of these, or null.
const GroupedTiles* grouped_tiles(const Features& features);

}  // namespace onnxprune
