// The tiles that products with int8 weights are made of; every processor has a table of them.
//
// X is quantised row by row (steps.h), and what is multiplied are whole numbers, exactly:
//   Y[m, n] = x_scale[m] w_scale[n] (sum over k of (byte[m, k] - zero[m]) W[k, n]) + bias[n]
//
// A word is 32 bits with the numbers of `group` inputs of one row of X, or of one output of W: four bytes (VNNI,
// I8MM), or two numbers of 16 bits (NEON, and AVX2, whose instruction for bytes saturates). A tile multiplies words by words, and adds.
#pragma once

#include <cstdint>

#include "core/features.h"
#include "kernels/blocks/contract.h"

namespace onnxprune::int8 {

using Word = uint32_t;

// The zero of a row and the sum of an output's weights, negated, as words of two numbers whose products add up to
// theirs: (z, 128 z) and (s mod 128, s div 128).
constexpr int64_t kSumBase = 128;

// Inputs with which neither sums nor indices of 16 bits overflow.
constexpr int64_t kMostInputs = 1 << 16;

// x: [rows, k]; to: [rows][words], what is beyond k being anything; scale, zero (see kSumBase): [rows].
using QuantiseFn = void (*)(const float* x, int64_t rows, int64_t k, Word* to, int64_t words, float* scale, Word* zero);

// What belongs to outputs; bias may be null.
struct OfOutputs {
  const float* scale;
  const Word* sum;
  const float* bias;
};

// Outputs in lanes, some strips one after the other. x: rows x_stride words apart; strip s has the groups bounds[s] to
// bounds[s + 1], whose words are at w + i * w_stride, and its outputs follow those of s - 1 in y and in `of`.
// index: of every group, or where it is loose, of every input of a group.
struct OutputTile {
  const Word* x;
  int64_t x_stride;
  const float* x_scale;
  const Word* x_zero;
  const Word* w;
  int64_t w_stride;
  const uint16_t* index;
  const int32_t* bounds;
  int64_t strips;
  OfOutputs of;
  float* y;
  int64_t y_stride;
};

// Tokens in lanes, some strips one after the other, as above. x: [groups of k][tokens] words, or loose, [k][tokens]
// numbers in the order that `split` leaves; y: [outputs][tokens], overwritten.
struct TokenTile {
  const void* x;
  const float* x_scale;
  const Word* x_zero;
  const Word* w;
  int64_t w_stride;
  const uint16_t* index;
  const int32_t* bounds;
  int64_t strips;
  OfOutputs of;
  float* y;
};

using OutputTileFn = void (*)(const OutputTile& tile);
using TokenTileFn = void (*)(const TokenTile& tile);

// fn[r - 1] has r rows of `outputs` outputs, for r up to `rows`.
struct OutputTiles {
  int outputs, rows;
  const OutputTileFn* fn;
};

// fn[v / step - 1] has v vectors of tokens by `outputs` outputs, for v up to `vectors` in steps of `step`.
struct TokenTiles {
  int outputs, lanes, vectors, step;
  const TokenTileFn* fn;
};

// Takes words apart, in place: [groups][tokens] words -> [groups * group][tokens] numbers. tokens: lanes * vectors of
// the loose tiles that it belongs to.
using SplitFn = void (*)(Word* panel, int64_t groups);

// Tiles for some number of tokens, widest first; split is null where they aren't loose.
struct TokenForm {
  const TokenTiles* tiles;
  SplitFn split;
};

// What a processor has. Tiles come widest first and end with outputs == 0; loose ones have inputs that needn't be
// neighbours.
struct Tiles {
  const char* name;
  int64_t group;
  QuantiseFn quantise;
  const OutputTiles *outputs, *loose_outputs;
  const TokenForm *tokens, *loose_tokens;  // for fewest tokens first, ends with null; loose: one number of vectors
  // Rows from which tokens are in lanes, of strips up to so many outputs, and of narrower ones; loose ones likewise, of
  // any width.
  int64_t tokens_from, tokens_up_to, few_from, few_up_to, loose_from;
  const BlockTiles* floats;  // transposes and epilogues
};

const Tiles& vnni_tiles();
const Tiles& avx2_tiles();
const Tiles& i8mm_tiles();
const Tiles& neon_tiles();

// The table of the best of these, or null: then the portable kernel is the one.
const Tiles* tiles(const Features& features);

}  // namespace onnxprune::int8
