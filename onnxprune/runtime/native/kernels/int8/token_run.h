// A whole product by tiles with tokens in lanes: X is quantised and transposed panel by panel, Y transposed back from
// 64 outputs at a time.
#pragma once

#include "kernels/int8/groups.h"
#include "kernels/kernel.h"

namespace onnxprune::int8 {

class TokenRun {
 public:
  // `groups` and `tiles` must outlive this.
  TokenRun(const Groups& groups, const Tiles& tiles);

  size_t scratch_bytes(int64_t m, int threads) const;
  int64_t cost(int64_t m) const { return 2 * m * groups_.count() * groups_.width * groups_.group / 5; }
  void run(const Job& job) const;

 private:
  // The tiles of some number of tokens, the widest that divides the width of a strip, and how m tokens are cut: panels
  // of at most `most` vectors, and parts of the outputs for every panel.
  struct Plan {
    const TokenTiles* slice;
    SplitFn split;
    int64_t most, units, panels, parts, workers;  // units: steps of vectors
  };
  // What a worker keeps in its scratch.
  struct Room {
    Word *rows, *words, *zero;  // [tokens][row_words], and the same transposed
    float *scale, *y;           // [tokens], [band_][tokens]
  };
  struct Panel {
    Room room;
    int64_t row = 0, rows = 0, tokens = 0;  // tokens: rows and padding
    int64_t number = -1;
  };

  Plan plan(int64_t m, const ParallelFor& parallel) const;
  int64_t scratch_words(const Plan& plan) const;
  Room room(const Plan& plan, Word* scratch) const;
  void fill(const Job& job, const Plan& plan, int64_t p, Panel* panel) const;
  void band(const Job& job, const Plan& plan, const Panel& panel, int64_t band) const;
  void slices(const Job& job, const Plan& plan, const Panel& panel, int64_t first, int64_t last) const;
  TokenTile tile_of(const Panel& panel, int64_t s, int64_t strips, int64_t from) const;

  const Groups& groups_;
  const Tiles& tiles_;
  int64_t band_;  // outputs that are written together
};

}  // namespace onnxprune::int8
