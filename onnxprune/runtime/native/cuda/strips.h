// A weight as the strips kernel reads it: for every strip of outputs, the inputs that any of them needs.
//
// A strip is `tiles` times 16 outputs. X is met in chunks, as much as lies in shared memory; within a chunk, a strip's
// units (numbers.h) are taken `units` at a time, one mma deep: a step. Steps lie strip by strip, chunk by chunk:
//   begin     [strips][chunks + 1]         the first step
//   unit      [steps][units]               which units of the chunk; padding names unit 0 and has a weight of zero
//   fragments [steps][tiles][32][4] words  the weight as the lanes of a warp hold it
//   sums      [n]                          int8 only: of the weight, by output, for the zero point of X
//
// Eight units that follow each other lie in eight different banks of shared memory where the weight allows it.
#pragma once

#include <vector>

#include "cuda/numbers.h"
#include "pack/packed.h"

namespace onnxprune::cuda {

struct Strips {
  int64_t k = 0, n = 0, strips = 0, chunks = 0;
  int tiles = 1, units = 0;
  int64_t chunk = 0;  // units
  std::vector<uint32_t> begin;
  std::vector<uint16_t> unit;
  std::vector<uint32_t> fragments;
  std::vector<int32_t> sums;

  int64_t steps() const { return static_cast<int64_t>(unit.size()) / units; }
};

// number: of X; an int8 weight is multiplied in bytes whatever it is. tiles: 1, 2 or 4; chunk: a multiple of 16, at
// most 65536.
Strips arrange_strips(const Packed& packed, Number number, int tiles, int64_t chunk);

// The same with the number of tiles that should be fastest.
Strips arrange_strips(const Packed& packed, Number number, int64_t chunk);

}  // namespace onnxprune::cuda
