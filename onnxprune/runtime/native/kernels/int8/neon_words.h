// Four words in a vector of AArch64, whatever their numbers: included by the files that are compiled for one processor.
#pragma once

#include "kernels/int8/output_tile.h"
#include "kernels/int8/quantise_rows.h"
#include "kernels/int8/token_tile.h"
#include "kernels/simd/neon.h"

namespace onnxprune::int8 {
namespace {

struct FourWords {
  using Reg = int32x4_t;
  using Floats = V4;
  static constexpr int kLanes = 4;
  static Reg zero() { return vdupq_n_s32(0); }
  static Reg load(const void* from) { return vld1q_s32(static_cast<const int32_t*>(from)); }
  static void store(void* to, Reg v) { vst1q_s32(static_cast<int32_t*>(to), v); }
  static Reg one(Word v) { return vdupq_n_s32(static_cast<int32_t>(v)); }
  static Reg add(Reg a, Reg b) { return vaddq_s32(a, b); }
  static V4::Reg to_floats(Reg v) { return vcvtq_f32_s32(v); }
  // sum + the two products of every lane, of numbers of 16 bits.
  static Reg add_pairs(Reg sum, Reg a, Reg b) {
    const int16x8_t x = vreinterpretq_s16_s32(a), w = vreinterpretq_s16_s32(b);
    return vaddq_s32(sum, vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(w)), vmull_high_s16(x, w)));
  }
};

template <class Table>
constexpr int kCount = sizeof(Table::fn) / sizeof(Table::fn[0]);

// V: FourWords with the numbers of a word; Q: how rows are quantised for it; Out and Tok4: its tiles of 16, 8 and 4
// outputs, and of tokens by four outputs, with as many rows or vectors as registers hold sums.
template <class V, class Q, class Out16, class Out8, class Out4, class Tok4>
const Tiles& four_lane_tiles(const char* name) {
  using Loose16 = OutputTable<V, 4, true, 1, 2, 3, 4>;
  using Loose8 = OutputTable<V, 2, true, 1, 2, 3, 4>;
  using Loose4 = OutputTable<V, 1, true, 1, 2, 3, 4>;
  using Tok1 = TokenTable<V, 1, false, 1, 2, 3, 4, 5, 6, 7, 8>;
  static const OutputTiles outputs[] = {
      {16, kCount<Out16>, Out16::fn}, {8, kCount<Out8>, Out8::fn}, {4, kCount<Out4>, Out4::fn}, {0, 0, nullptr}};
  static const OutputTiles loose[] = {{16, 4, Loose16::fn}, {8, 4, Loose8::fn}, {4, 4, Loose4::fn}, {0, 0, nullptr}};
  static const TokenTiles many[] = {{4, 4, kCount<Tok4>, 1, Tok4::fn}, {1, 4, 8, 1, Tok1::fn}, {0, 0, 0, 1, nullptr}};
  static const TokenForm tokens[] = {{many, nullptr}, {nullptr, nullptr}};
  static const TokenForm loose_tokens[] = {Loose<Whole<V>>::form, {nullptr, nullptr}};
  static const Tiles tiles{name, V::kGroup, quantise_rows<Q>,   outputs, loose, tokens, loose_tokens, 16, 4, 8,
                           4,    5,         &neon_block_tiles()};
  return tiles;
}

}  // namespace
}  // namespace onnxprune::int8
