// How work is cut into pieces.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "core/parallel.h"

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

// Costs are counted in multiply-adds of wide float blocks, of which about 50 take a nanosecond.

// How many workers a job of this cost is worth: 1 below about 10 us.
inline int64_t workers(int64_t cost, const ParallelFor& parallel) {
  constexpr int64_t kInline = 500'000;
  return parallel.threads > 1 && (parallel.awake || cost >= kInline) ? parallel.threads : 1;
}

// How many pieces are cut for workers to take by turns: some for each, unless they would be less than some
// microseconds.
inline int64_t pieces(int64_t cost, int64_t workers) {
  constexpr int64_t kPiece = 250'000, kTurns = 2;
  return workers == 1 ? 1 : workers * std::clamp<int64_t>(cost / (kPiece * workers), 1, kTurns);
}

// How many pieces are shares of m rows, each of two panels of `rows` at the least: 1 where there are too few rows, or
// workers.
inline int64_t parts_of_rows(int64_t m, int64_t rows, int64_t workers, int64_t pieces) {
  return std::max<int64_t>(1, std::min(pieces / workers, m / (2 * rows * workers)) * workers);
}

// How many pieces are shares of n outputs, each of `least` if there are so many.
inline int64_t parts_of_outputs(int64_t n, int64_t least, int64_t workers, int64_t pieces) {
  return std::clamp<int64_t>(n / (least * workers), 1, pieces / workers) * workers;
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
