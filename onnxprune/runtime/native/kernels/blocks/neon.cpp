#include "kernels/simd/neon.h"

#include "kernels/blocks/contract.h"
#include "kernels/blocks/output_tile.h"
#include "kernels/blocks/token_tile.h"
#include "kernels/blocks/transposes.h"

namespace onnxprune {
namespace {

// 32 registers: 24 sums, what they share, and some room.
using Out16 = OutputTable<V4, 4, 1, 2, 3, 4, 5, 6>;
using Out8 = OutputTable<V4, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
using Out4 = OutputTable<V4, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16>;
const OutputTiles kOutputs[] = {{16, 6, Out16::fn}, {8, 12, Out8::fn}, {4, 16, Out4::fn}, {0, 0, nullptr}};

using Tok4 = TokenTable<V4, 4, 1, 2, 3, 4, 5, 6>;
using Tok1 = TokenTable<V4, 1, 1, 2, 3, 4, 5, 6, 7, 8>;
const TokenTiles kTokens[] = {
    {4, 4, 6, Tok4::fn, Tok4::at}, {1, 4, 8, Tok1::fn, Tok1::at}, {0, 0, 0, nullptr, nullptr}};

}  // namespace

const BlockTiles& neon_block_tiles() {
  static const BlockTiles tiles{"blocks/neon",   kOutputs,          kTokens,    kTokens, 16, 4, 16, 4,
                                pack_tokens<V4>, unpack_tokens<V4>, finish_neon};
  return tiles;
}

}  // namespace onnxprune
