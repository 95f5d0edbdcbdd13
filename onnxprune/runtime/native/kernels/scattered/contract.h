// The tiles that the kernel for scattered nonzeros is made of; every processor has a table of them.
#pragma once

#include <cstdint>

#include "core/features.h"
#include "kernels/blocks/contract.h"

namespace onnxprune {

// Consecutive rows of a list with the same number of nonzeros, a multiple of four.
struct Run {
  int32_t rows, count;
};

// Some outputs by one part of k, tokens in lanes. x: [inputs of the part][tokens]; y: [outputs of the band][tokens].
// Row r of the list belongs to output `output[r]` of the band; its nonzeros follow those of row r - 1 in w and index.
// y = (first ? bias ? bias : 0 : y) + sum over nonzeros.
struct RowsTile {
  const float* x;
  const float* w;
  const uint16_t* index;
  const Run* runs;
  int64_t run_count;
  const uint16_t* output;
  float* y;
  const float* bias;
  bool first;
};

using RowsTileFn = void (*)(const RowsTile& tile);

// fn has `tokens` tokens.
struct RowsTiles {
  int tokens;
  RowsTileFn fn;
};

// What a processor has: tiles with fewest tokens first, ending with tokens == 0. `step` tokens are a vector: panels
// have so many or a multiple, up to the largest tile.
struct ScatteredTiles {
  const char* name;
  const RowsTiles* rows;
  int64_t step, most;
  PackFn pack;
  UnpackFn unpack;
  Finish finish;
};

const ScatteredTiles& avx512_scattered_tiles();
const ScatteredTiles& avx2_scattered_tiles();
const ScatteredTiles& neon_scattered_tiles();

// The table of the best of these, or null: then the portable kernel is the one.
const ScatteredTiles* scattered_tiles(const Features& features);

}  // namespace onnxprune
