// A block weight as the tiles read it: runs of outputs, one input each.
#pragma once

#include "core/aligned.h"
#include "pack/packed.h"

namespace onnxprune {

// Strip s has outputs s * width and on. Its columns lie at [begin(s, 0), end(s, parts - 1)), inputs rising; part q are
// those with inputs in [q * kPart, (q + 1) * kPart), so that a tile's part of X fits in the first cache.
class Columns {
 public:
  static constexpr int64_t kPart = 1024;
  static constexpr int64_t kMostInputs = 1 << 16;

  // packed: float32 blocks with k <= kMostInputs. Values are taken where they lie if they begin on a cache line (or
  // copied).
  explicit Columns(const Packed& packed);

  int64_t k, n, width, strips, parts;

  int64_t begin(int64_t s, int64_t part) const { return bounds_[s * (parts + 1) + part]; }
  int64_t end(int64_t s, int64_t part) const { return bounds_[s * (parts + 1) + part + 1]; }
  // begin(s, part), with end(s, part) behind it; that of the next strip is bounds_stride() further on.
  const int32_t* bounds(int64_t s, int64_t part) const { return bounds_.data() + s * (parts + 1) + part; }
  int64_t bounds_stride() const { return parts + 1; }
  const float* values() const { return values_; }
  const uint16_t* index() const { return index_.data(); }
  // [strips + 1]: columns of all strips below, for splitting.
  const int32_t* before() const { return before_.data(); }
  int64_t count() const { return before_[strips]; }

  bool borrows() const { return !copy_.data(); }
  size_t owned_bytes() const { return copy_.bytes() + index_.bytes() + bounds_.bytes() + before_.bytes(); }

 private:
  void fill_index(const Packed& packed);
  void fill_bounds(const Packed& packed, int64_t s);
  void take_values(const Packed& packed);

  const float* values_ = nullptr;
  Aligned<float> copy_;
  Aligned<uint16_t> index_;
  Aligned<int32_t> bounds_, before_;
};

}  // namespace onnxprune
