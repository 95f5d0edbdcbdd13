#include "kernels/choose.h"

#include <iterator>

#include "kernels/blocks/blocks.h"
#include "kernels/blocks/columns.h"
#include "kernels/generic/generic.h"
#include "kernels/grouped/grouped.h"
#include "kernels/grouped/slots.h"
#include "kernels/int8/groups.h"
#include "kernels/int8/int8.h"
#include "kernels/scattered/scattered.h"
#include "pack/widen.h"

namespace onnxprune {
namespace {

// Measured time of a multiply-add, by outputs in a block, 64 = 1: what there is to win by wider blocks.
struct Cost {
  int64_t outputs;
  double time;
};
constexpr Cost kCosts[] = {{64, 1.0}, {32, 1.15}, {16, 1.35}, {8, 1.35}, {4, 1.6}, {2, 2.4}, {1, 3.0}};
constexpr double kMostGrowth = 1.25;  // in memory

double time_of(int64_t outputs) {
  for (const Cost& cost : kCosts)
    if (outputs >= cost.outputs) return cost.time;
  return kCosts[std::size(kCosts) - 1].time;
}

// How many strips should become one, for tiles of at most `widest` outputs: 1 where it would not pay.
int64_t factor_for(const Packed& p, int64_t widest) {
  int64_t best = 1;
  double least = 0.95 * time_of(p.block_out);
  for (const Cost& cost : kCosts) {
    const int64_t factor = cost.outputs / p.block_out;
    if (cost.outputs > widest || factor < 2 || factor * p.block_out != cost.outputs) continue;
    const double growth = widening(p, factor);
    if (growth > kMostGrowth || growth * cost.time >= least) continue;
    best = factor, least = growth * cost.time;
  }
  return best;
}

std::unique_ptr<const Kernel> choose_int8(const Packed& packed, const Features& features) {
  const int8::Tiles* tiles = int8::tiles(features);
  return tiles && int8::Groups::suits(packed) ? int8::tiled_kernel(packed, *tiles) : int8::portable_kernel(packed);
}

}  // namespace

std::unique_ptr<const Kernel> choose(const Packed& packed, const Features& features) {
  if (packed.dtype == WeightType::int8) return choose_int8(packed, features);
  const BlockTiles* blocks = block_tiles(features);
  const ScatteredTiles* scattered = scattered_tiles(features);
  const GroupedTiles* grouped = grouped_tiles(features);
  if (grouped && packed.grouped() && Slots::suits(packed)) return grouped_kernel(packed, *grouped);
  const bool narrow = packed.k <= Columns::kMostInputs;
  if (blocks && narrow && !packed.grouped()) {
    const int64_t factor = factor_for(packed, blocks->outputs[0].outputs);
    if (factor > 1) return block_kernel(widen(packed, factor), *blocks);
  }
  if (scattered && packed.block_out == 1) return scattered_kernel(packed, *scattered);
  if (blocks && narrow) return block_kernel(packed, *blocks);
  return generic_kernel(packed);
}

}  // namespace onnxprune
