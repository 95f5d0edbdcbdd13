// The tiles that the block kernel is made of; every processor has a table of them.
//
// A tile multiplies some rows of X (tokens) by one slice of a strip: `count` columns, each a run of outputs of one
// input.
#pragma once

#include <cstdint>

#include "core/features.h"
#include "kernels/finish/finish.h"

namespace onnxprune {

// Outputs in lanes, some strips one after the other. x: rows x_stride apart, read at index[i]; w: column i at
// w + i * w_stride. Strip s has columns bounds[s * bounds_stride] to the one after, and its outputs follow those of s -
// 1 in y, whose rows are y_stride apart, and in bias. y = (accumulate ? y : bias ? bias : 0) + sum over columns.
struct OutputTile {
  const float* x;
  int64_t x_stride;
  const float* w;
  int64_t w_stride;
  const uint16_t* index;
  const int32_t* bounds;
  int64_t bounds_stride, strips;
  float* y;
  int64_t y_stride;
  const float* bias;
  bool accumulate;
};

// Tokens in lanes, one strip of `count` columns. x: [k][tokens], the tile's tokens without gaps, or, where `at` is
// there, input i at x + at[i]; y: [outputs][tokens] without gaps, overwritten.
struct TokenTile {
  const float* x;
  const int32_t* at;
  const float* w;
  int64_t w_stride;
  const uint16_t* index;
  int64_t count;
  float* y;
  const float* bias;
};

using OutputTileFn = void (*)(const OutputTile& tile);
using TokenTileFn = void (*)(const TokenTile& tile);

// fn[r - 1] has r rows of `outputs` outputs, for r up to `rows`.
struct OutputTiles {
  int outputs, rows;
  const OutputTileFn* fn;
};

// fn[c - 1] has c * lanes tokens by `outputs` outputs, for c up to `vectors`; `at` has the same for tiles with an `at`.
struct TokenTiles {
  int outputs, lanes, vectors;
  const TokenTileFn *fn, *at;
};

// to[j][i] = from[i][j] for `rows` x `columns`; rows that are missing up to `padded` become zeros: to is
// [columns][padded].
using PackFn = void (*)(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
                        int64_t padded);
// to[j][i] = from[i][j] for `rows` x `columns`, with any strides.
using UnpackFn = void (*)(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
                          int64_t to_stride);

// What a processor has. Tiles come widest first and end with outputs == 0.
struct BlockTiles {
  const char* name;
  const OutputTiles* outputs;
  const TokenTiles* tokens;
  const TokenTiles* few_tokens;  // with narrower vectors
  // Which strips have their tokens in lanes: those no wider than tokens_up_to from tokens_from rows on, and with
  // few_tokens, those no wider than few_up_to from few_from rows on.
  int64_t tokens_from, tokens_up_to, few_from, few_up_to;
  PackFn pack;
  UnpackFn unpack;
  Finish finish;
};

const BlockTiles& avx512_block_tiles();
const BlockTiles& avx2_block_tiles();
const BlockTiles& neon_block_tiles();

// The table of the best of these, or null: then the portable kernel is the one.
const BlockTiles* block_tiles(const Features& features);

}  // namespace onnxprune
