// How work is cut into tasks.
#pragma once

#include <cstdint>
#include <numeric>

namespace onnxprune {

struct Range {
  int64_t begin, end;
};

// The i-th of `parts` consecutive, equal shares of [0, total); some have one more.
inline Range share(int64_t total, int64_t parts, int64_t i) { return {total * i / parts, total * (i + 1) / parts}; }

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Outputs of whole strips of this width that fill whole cache lines, as many as pay for a page: about 64.
inline int64_t band_of(int64_t width) {
  constexpr int64_t kLine = 16, kBand = 64;
  const int64_t lines = std::lcm(width, kLine);
  return lines <= kBand ? kBand / lines * lines : width;
}

// The first tiles of a list, widest first, whose outputs divide a strip's width; null where none do. A list ends with
// outputs == 0.
template <class Tiles>
const Tiles* widest_dividing(const Tiles* tiles, int64_t width) {
  while (tiles->outputs && width % tiles->outputs) ++tiles;
  return tiles->outputs ? tiles : nullptr;
}

// How many tasks a product of `macs` multiply-adds is worth on `threads` threads: 1 below about 10 us of work.
inline int64_t tasks(int64_t macs, int threads) {
  constexpr int64_t kInline = 500'000;
  return threads <= 1 || macs < kInline ? 1 : threads;
}

// The i-th of `parts` shares of [0, count) at equal weight: before[j] is the weight of all items below j, count + 1 of
// them.
inline Range share_by_weight(const int32_t* before, int64_t count, int64_t parts, int64_t i) {
  const auto boundary = [&](int64_t part) {
    if (part >= parts) return count;
    // An item counts a little even when it is empty, since its outputs are written.
    const int64_t want = (int64_t{before[count]} + count) * part / parts;
    int64_t low = 0, high = count;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (before[middle] + middle < want)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  };
  return {boundary(i), boundary(i + 1)};
}

}  // namespace onnxprune
