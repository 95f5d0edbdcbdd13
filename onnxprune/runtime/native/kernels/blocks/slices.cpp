#include "kernels/blocks/slices.h"

#include <algorithm>

namespace onnxprune {
namespace {

constexpr int64_t kMostOutputs = 8;

}  // namespace

Slices::Slices(const Columns& columns, const TokenTiles* tokens)
    : columns_(columns), tile_(widest_dividing(tokens, columns.width)) {}

// A tile that juts out over n reads a bias of its own.
void Slices::sum(const View& x, int64_t first, int64_t vectors, const float* bias, float* y) const {
  const int64_t s = first / columns_.width, from = first % columns_.width;
  const int64_t begin = columns_.begin(s, 0), end = columns_.end(s, columns_.parts - 1);
  float own[kMostOutputs] = {};
  if (bias) std::copy_n(bias + first, std::min<int64_t>(tile_->outputs, columns_.n - first), own);
  (x.at ? tile_->at
        : tile_->fn)[vectors - 1]({x.x, x.at, columns_.values() + begin * columns_.width + from, columns_.width,
                                   columns_.index() + begin, end - begin, y, bias ? own : nullptr});
}

}  // namespace onnxprune
