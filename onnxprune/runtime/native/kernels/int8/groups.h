// An int8 block weight as the tiles read it: groups of inputs, all outputs of a strip after one another.
#pragma once

#include "core/aligned.h"
#include "kernels/int8/contract.h"
#include "pack/packed.h"

namespace onnxprune::int8 {

// Strip s has outputs s * width and on, and the groups bounds()[s] to bounds()[s + 1]; group i has its words, one for
// every output, at words() + i * width, and at index() + i the number of its first input divided by `group`; where it
// is loose, at index() + i * group all of its inputs, which needn't be neighbours.
class Groups {
 public:
  // packed: int8 blocks that suit().
  Groups(const Packed& packed, int64_t group);

  // Whether sums and indices stay within what tiles take.
  static bool suits(const Packed& packed);

  int64_t k, n, width, strips, group;
  bool loose;

  int64_t count() const { return bounds_[strips]; }
  const Word* words() const { return words_.data(); }
  const uint16_t* index() const { return index_.data(); }
  const int32_t* bounds() const { return bounds_.data(); }
  // [strips * width], those beyond n being zero; no bias.
  const float* scale() const { return scale_.data(); }
  const Word* sum() const { return sum_.data(); }
  // Words of a row of X.
  int64_t row_words() const { return (k + group - 1) / group; }

  size_t owned_bytes() const {
    return words_.bytes() + index_.bytes() + bounds_.bytes() + scale_.bytes() + sum_.bytes();
  }

 private:
  int64_t groups_of(const Packed& packed, int64_t strip) const;
  void fill_strip(const Packed& packed, int64_t strip);
  void put(int64_t at, int64_t place, int64_t output, int32_t value);
  void fill_outputs(const Packed& packed);

  Aligned<Word> words_;
  Aligned<uint16_t> index_;
  Aligned<int32_t> bounds_;
  Aligned<float> scale_;
  Aligned<Word> sum_;
};

}  // namespace onnxprune::int8
