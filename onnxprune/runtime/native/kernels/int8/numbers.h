// X as whole numbers, made once for all who multiply it: by one worker, or by several at a time.
#pragma once

#include "core/split.h"
#include "core/turns.h"
#include "kernels/int8/contract.h"

namespace onnxprune::int8 {

// Rows of X, quantised: words [rows][words of a row], scale and zero [rows], as a QuantiseFn leaves them.
struct Numbers {
  const Word* words;
  const float* scale;
  const Word* zero;
};

class Numbering {
 public:
  static size_t bytes(const Tiles& tiles, int64_t rows, int64_t k) {
    return round_up((ceil_div(k, tiles.group) + 2) * rows * sizeof(Word), kCacheLine);
  }
  // x: [rows, k]; scratch: bytes() of it.
  Numbering(const Tiles& tiles, const float* x, int64_t rows, int64_t k, void* scratch)
      : tiles_(tiles),
        x_(x),
        rows_(rows),
        k_(k),
        words_(static_cast<Word*>(scratch)),
        zero_(words_ + ceil_div(k, tiles.group) * rows),
        scale_(reinterpret_cast<float*>(zero_ + rows)),
        stage_(ceil_div(rows, kRows)) {}

  // Where they will be.
  Numbers numbers() const { return {words_, scale_, zero_}; }
  // What every worker calls before it reads them: they are there when it returns.
  void make() {
    stage_.run([this](int64_t piece) {
      const int64_t first = piece * kRows, words = ceil_div(k_, tiles_.group);
      const int64_t count = std::min(kRows, rows_ - first);
      tiles_.quantise(x_ + first * k_, count, k_, words_ + first * words, words, scale_ + first, zero_ + first);
    });
  }

 private:
  static constexpr int64_t kRows = 4;  // as many as are quantised at a time

  const Tiles& tiles_;
  const float* x_;
  int64_t rows_, k_;
  Word *words_, *zero_;
  float* scale_;
  Stage stage_;
};

}  // namespace onnxprune::int8
