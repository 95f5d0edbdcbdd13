// Hints: lines that will be needed soon.
#pragma once

#include <cstdint>

#include "core/aligned.h"

namespace onnxprune {

// Begins to fetch `count` floats of each of `rows` rows, `stride` apart, into the first cache (near) or the second.
template <bool near>
void prefetch_rows(const float* p, int64_t stride, int64_t rows, int64_t count) {
  constexpr int64_t kFloats = kCacheLine / sizeof(float);
  for (int64_t r = 0; r < rows; ++r, p += stride)
    for (int64_t i = 0; i < count; i += kFloats) __builtin_prefetch(p + i, 0, near ? 3 : 2);
}

// Whether so many floats are likely to have left the second cache since they were written or read last.
constexpr bool far_away(int64_t floats) { return floats > 128 * 1024; }

}  // namespace onnxprune
