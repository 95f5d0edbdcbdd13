#include "kernels/simd/avx2.h"

#include "kernels/blocks/contract.h"
#include "kernels/blocks/output_tile.h"
#include "kernels/blocks/token_tile.h"
#include "kernels/blocks/transposes.h"

namespace onnxprune {
namespace {

// 16 registers: 12 sums, what they share, and one for the other factor.
using Out16 = OutputTable<V8, 2, 1, 2, 3, 4, 5, 6>;
using Out8 = OutputTable<V8, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
using Out4 = OutputTable<V4, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
const OutputTiles kOutputs[] = {{16, 6, Out16::fn}, {8, 12, Out8::fn}, {4, 12, Out4::fn}, {0, 0, nullptr}};

using Tok4 = TokenTable<V8, 4, 1, 2, 3>;
using Tok1 = TokenTable<V8, 1, 1, 2, 3, 4, 5, 6, 7, 8>;
const TokenTiles kTokens[] = {
    {4, 8, 3, Tok4::fn, Tok4::at}, {1, 8, 8, Tok1::fn, Tok1::at}, {0, 0, 0, nullptr, nullptr}};

using Few4 = TokenTable<V4, 4, 1, 2>;
using Few1 = TokenTable<V4, 1, 1, 2>;
const TokenTiles kFew[] = {{4, 4, 2, Few4::fn, Few4::at}, {1, 4, 2, Few1::fn, Few1::at}, {0, 0, 0, nullptr, nullptr}};

}  // namespace

const BlockTiles& avx2_block_tiles() {
  static const BlockTiles tiles{"blocks/avx2",   kOutputs,          kTokens,    kFew, 8, 8, 4, 4,
                                pack_tokens<V8>, unpack_tokens<V8>, finish_avx2};
  return tiles;
}

}  // namespace onnxprune
