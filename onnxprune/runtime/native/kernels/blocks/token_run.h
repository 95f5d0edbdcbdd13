// A whole product by tiles with tokens in lanes: X is transposed panel by panel, Y back from 16 outputs at a time.
#pragma once

#include "kernels/blocks/slices.h"
#include "kernels/kernel.h"

namespace onnxprune {

class TokenRun {
 public:
  // All must outlive this.
  TokenRun(const Columns& columns, const BlockTiles& tiles, const Slices& slices);

  size_t scratch_bytes(int64_t m, int threads) const;
  int64_t cost(int64_t m) const { return m * columns_.count() * columns_.width; }
  void run(const Job& job) const;

 private:
  // How m tokens are cut: panels of at most most_vectors() vectors, and parts of the outputs for every panel.
  struct Plan {
    int64_t vectors, panels, parts, workers;
  };
  // What a worker has in its scratch.
  struct Panel {
    float* x;                               // [k][tokens]
    float* y = nullptr;                     // [band][tokens]
    int64_t row = 0, rows = 0, tokens = 0;  // tokens: rows and padding
    int64_t number = -1;
  };

  Plan plan(int64_t m, const ParallelFor& parallel) const;
  void fill(const Job& job, const Plan& plan, int64_t p, Panel* panel) const;
  int64_t most_vectors() const;
  int64_t scratch_floats() const;
  void band(const Job& job, const Panel& panel, int64_t band) const;
  void band_of_planes(const Job& job, const Panel& panel, int64_t first, int64_t last) const;

  const Columns& columns_;
  const BlockTiles& tiles_;
  const Slices& slices_;
  const PixelSums::Sizes sizes_;
};

}  // namespace onnxprune
