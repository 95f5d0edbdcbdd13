#include "kernels/blocks/columns.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace onnxprune {
namespace {

bool subnormal(float value) { return value != 0 && std::fabs(value) < std::numeric_limits<float>::min(); }

bool begins_line(const void* p) { return reinterpret_cast<uintptr_t>(p) % kCacheLine == 0; }

}  // namespace

Columns::Columns(const Packed& p)
    : k(p.k),
      n(p.n),
      width(p.block_out),
      strips(p.strips()),
      parts((p.k + kPart - 1) / kPart),
      index_(p.stored * p.block_in),
      bounds_(strips * (parts + 1)),
      before_(strips + 1) {
  fill_index(p);
  before_[0] = 0;
  for (int64_t s = 0; s < strips; ++s) fill_bounds(p, s);
  take_values(p);
}

void Columns::fill_index(const Packed& p) {
  for (int64_t b = 0; b < p.stored; ++b)
    for (int64_t i = 0; i < p.block_in; ++i)
      index_[b * p.block_in + i] = static_cast<uint16_t>(p.index_at(b) * p.block_in + i);
}

// Inputs beyond k, which only the last block of a strip can have, are left out: there is no X to multiply them with.
void Columns::fill_bounds(const Packed& p, int64_t s) {
  const int64_t first = p.pointer[s] * p.block_in;
  int64_t last = p.pointer[s + 1] * p.block_in;
  if (last > first) last -= std::max<int64_t>(0, (p.index_at(p.pointer[s + 1] - 1) + 1) * p.block_in - k);
  const uint16_t* index = index_.data();
  for (int64_t part = 0; part <= parts; ++part) {
    const int64_t limit = part * kPart;
    const auto at = std::lower_bound(index + first, index + last, limit, [](uint16_t a, int64_t b) { return a < b; });
    bounds_[s * (parts + 1) + part] = static_cast<int32_t>(at - index);
  }
  before_[s + 1] = before_[s] + static_cast<int32_t>(last - first);
}

void Columns::take_values(const Packed& p) {
  const int64_t count = p.stored * p.block_size();
  values_ = p.floats();
  if (begins_line(values_) && std::none_of(values_, values_ + count, subnormal)) return;
  copy_ = Aligned<float>(count);
  std::replace_copy_if(values_, values_ + count, copy_.data(), subnormal, 0.0f);
  values_ = copy_.data();
}

}  // namespace onnxprune
