// A weight with at most two nonzeros among four inputs, as sparse tensor cores read it (mma.sp).
//
// Outputs come in tiles of 16, inputs in steps of 32, which an mma reads 16 numbers of for every output:
//   fragments [tiles][steps][32][4] words   the numbers as the lanes of a warp hold them (fragments.h)
//   places    [tiles][pairs of steps][32]   which of their four inputs they are, two bits for each
//
// After the PTX manual's figures ("Sparse matrix storage", "Metadata for mma.sp.m16n8k32"): with g = lane / 4 and
// t = lane % 4, the lanes with t = 0 hold inputs 0 to 15 of output g in their lower half and of output g + 8 in the
// upper one, those with t = 1 inputs 16 to 31. Lanes with t = 2 and 3 do the same for the mma with selector 1, here
// the step behind.
#pragma once

#include <vector>

#include "cuda/numbers.h"
#include "pack/packed.h"

namespace onnxprune::cuda {

constexpr int kPairInputs = 32;

struct Pairs {
  int64_t k = 0, n = 0, tiles = 0, steps = 0;  // steps: an even number
  std::vector<uint32_t> fragments;
  std::vector<uint32_t> places;
};

// Whether mma.sp takes this weight: float32, N:M whose every four inputs keep two at most.
bool is_pairs(const Packed& packed);

// number: f16 or bf16. The weight is one that is_pairs.
Pairs arrange_pairs(const Packed& packed, Number number);

}  // namespace onnxprune::cuda
