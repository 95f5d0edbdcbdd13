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
  void run(const Job& job) const;

 private:
  // The tiles of some number of tokens, the widest that divides the width of a strip, and how m tokens are cut: panels
  // of at most `most` vectors, and parts of the strips for every panel.
  struct Plan {
    const TokenTiles* slice;
    SplitFn split;
    int64_t most, units, panels, panel_parts, strip_parts;  // units: steps of vectors
  };
  struct Work {
    const TokenRun* self;
    const Job* job;
    Plan plan;
  };
  // What a task keeps in its scratch.
  struct Room {
    Word *rows, *words, *zero;  // [tokens][row_words], and the same transposed
    float *scale, *y;           // [tokens], [band_][tokens]
  };
  struct Panel {
    int64_t row, rows, tokens;  // tokens: rows and padding
    Room room;
  };

  static void task(void* arg, size_t i);
  Plan plan(int64_t m, int threads) const;
  int64_t scratch_words(const Plan& plan) const;
  Room room(const Plan& plan, Word* scratch) const;
  void fill(const Job& job, const Plan& plan, const Panel& panel) const;
  void band(const Job& job, const Plan& plan, const Panel& panel, int64_t band) const;
  void slices(const Job& job, const Plan& plan, const Panel& panel, int64_t first, int64_t last) const;
  TokenTile tile_of(const Panel& panel, int64_t s, int64_t strips, int64_t from) const;

  const Groups& groups_;
  const Tiles& tiles_;
  int64_t band_;  // outputs that are written together
};

}  // namespace onnxprune::int8
