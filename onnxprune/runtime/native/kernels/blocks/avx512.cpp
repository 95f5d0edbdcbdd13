#include "kernels/simd/avx512.h"

#include "kernels/blocks/contract.h"
#include "kernels/blocks/output_tile.h"
#include "kernels/blocks/token_tile.h"
#include "kernels/blocks/transposes.h"

namespace onnxprune {
namespace {

// 32 registers: 24 sums, what they share, and some room. Two multiply-adds and more per load, of which there is one a
// cycle.
using Out64 = OutputTable<V16, 4, 1, 2, 3, 4, 5, 6>;
using Out32 = OutputTable<V16, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
using Out16 =
    OutputTable<V16, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24>;
using Out8 = OutputTable<V8, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16>;
using Out4 = OutputTable<V4, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16>;
const OutputTiles kOutputs[] = {{64, 6, Out64::fn}, {32, 12, Out32::fn}, {16, 24, Out16::fn},
                                {8, 16, Out8::fn},  {4, 16, Out4::fn},   {0, 0, nullptr}};

using Tok8 = TokenTable<V16, 8, 1, 2, 3>;
using Tok4 = TokenTable<V16, 4, 1, 2, 3, 4, 5, 6>;
using Tok1 = TokenTable<V16, 1, 1, 2, 3, 4, 5, 6, 7, 8>;
const TokenTiles kTokens[] = {{8, 16, 3, Tok8::fn, Tok8::at},
                              {4, 16, 6, Tok4::fn, Tok4::at},
                              {1, 16, 8, Tok1::fn, Tok1::at},
                              {0, 0, 0, nullptr, nullptr}};

using Few8 = TokenTable<V8, 8, 1, 2>;
using Few4 = TokenTable<V8, 4, 1, 2>;
using Few1 = TokenTable<V8, 1, 1, 2>;
const TokenTiles kFew[] = {{8, 8, 2, Few8::fn, Few8::at},
                           {4, 8, 2, Few4::fn, Few4::at},
                           {1, 8, 2, Few1::fn, Few1::at},
                           {0, 0, 0, nullptr, nullptr}};

}  // namespace

const BlockTiles& avx512_block_tiles() {
  static const BlockTiles tiles{"blocks/avx512",  kOutputs,           kTokens,      kFew, 13, 16, 6, 8,
                                pack_tokens<V16>, unpack_tokens<V16>, finish_avx512};
  return tiles;
}

}  // namespace onnxprune
