// Where the numbers of a tile of the weight, 16 outputs by the inputs of an mma, lie in the registers of a warp's
// lanes.
//
// After the PTX manual's figures ("Matrix Fragments for mma.m16n8k16", "m16n8k8", "m16n8k32"): with g = lane / 4 and
// t = lane % 4, words 0 and 2 belong to output g, 1 and 3 to output g + 8; words 0 and 1 to the first half of the
// inputs, 2 and 3 to the second. Of its half, a lane has the word number t.
#pragma once

#include "cuda/numbers.h"

namespace onnxprune::cuda {

constexpr int output_at(int lane, int word) { return lane / 4 + (word % 2) * 8; }

// Which of the eight words of an output's row.
constexpr int word_at(int lane, int word) { return lane % 4 + (word / 2) * 4; }

// The word that holds these inputs of one output. at(j) is input j of the mma's.
template <class At>
uint32_t word_of(Number number, bool bytes, int word, const At& at) {
  if (bytes) {
    uint32_t made = 0;
    for (int j = 0; j < 4; ++j)
      made |= static_cast<uint32_t>(static_cast<uint8_t>(static_cast<int8_t>(at(word * 4 + j)))) << (8 * j);
    return made;
  }
  if (number == Number::f32) return tf32(bits_of(at(word)));
  const auto half = [&](int j) -> uint32_t {
    return number == Number::f16 ? from_float<Float16>(at(j)).bits : from_float<BFloat16>(at(j)).bits;
  };
  return half(word * 2) | half(word * 2 + 1) << 16;
}

}  // namespace onnxprune::cuda
