// One slice of a strip after the other, tokens in lanes.
#pragma once

#include "core/split.h"
#include "kernels/blocks/columns.h"
#include "kernels/blocks/contract.h"
#include "kernels/plane_run.h"

namespace onnxprune {

class Slices : public PixelSums {
 public:
  // `columns` and `tokens`, of which it takes the widest that divides a strip's width, must outlive this.
  Slices(const Columns& columns, const TokenTiles* tokens);

  // A call's outputs are a slice.
  Sizes sizes() const override {
    return {columns_.k, columns_.n, tile_->outputs, band_of(columns_.width), tile_->lanes, tile_->vectors, false};
  }
  // x.at: null where x.x is [k][vectors * lanes].
  void sum(const View& x, int64_t first, int64_t vectors, const float* bias, float* y) const override;

 private:
  const Columns& columns_;
  const TokenTiles* tile_;
};

}  // namespace onnxprune
