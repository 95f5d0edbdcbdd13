// A 1:4 or 2:4 weight as the tiles read it.
#pragma once

#include "core/aligned.h"
#include "kernels/grouped/contract.h"
#include "pack/packed.h"

namespace onnxprune {

// Strip s has outputs s * lanes and on, padded with zeros.
class Slots {
 public:
  // packed: float32, N:M with suits(packed). lanes: of a vector.
  Slots(const Packed& packed, int64_t lanes);

  // Groups of four with one or two kept, none of them cut off by k.
  static bool suits(const Packed& packed);

  int64_t k, n, kept, lanes, strips, groups;

  const float* values(int64_t s) const { return values_.data() + s * strip_values(); }
  const char* places(int64_t s) const { return places_.data() + s * groups * kept * (lanes / 4); }
  int64_t strip_values() const { return groups * kept * lanes; }
  size_t owned_bytes() const { return values_.bytes() + places_.bytes(); }

 private:
  Aligned<float> values_;
  Aligned<char> places_;
};

}  // namespace onnxprune
