// Rows of X in words: included by the files that are compiled for one processor.
#pragma once

#include "kernels/int8/contract.h"
#include "kernels/int8/steps.h"

namespace onnxprune::int8 {
namespace {

// The zero of a row as add_pairs takes it.
inline Word zero_word(int32_t zero) { return static_cast<Word>(zero) | static_cast<Word>(zero * kSumBase) << 16; }

// The smallest and the largest numbers met, lane by lane, and NaN where one was a NaN or an infinity.
template <class V>
struct Extent {
  typename V::Reg low = V::zero(), high = V::zero(), odd = V::zero();

  void add(typename V::Reg v) { low = V::min(v, low), high = V::max(v, high), odd = V::fma(v, V::zero(), odd); }
  void join(const Extent& other) {
    low = V::min(other.low, low), high = V::max(other.high, high), odd = V::add(odd, other.odd);
  }
};

// A vector of floats, zeros behind the first `count`.
template <class V>
typename V::Reg first_of(const float* x, int64_t count) {
  float all[V::kLanes] = {};
  for (int64_t j = 0; j < count; ++j) all[j] = x[j];
  return V::load(all);
}

constexpr int64_t kAhead = 512;  // floats that are fetched before they are met, of the next row too

template <class V>
Extent<V> extent_of(const float* x, int64_t k) {
  constexpr int64_t L = V::kLanes;
  Extent<V> a, b, c, d;  // a sum waits for itself: four take turns
  int64_t i = 0;
  for (; i + 4 * L <= k; i += 4 * L) {
    for (int64_t j = 0; j < 4 * L; j += 16) __builtin_prefetch(x + i + j + kAhead);
    a.add(V::load(x + i)), b.add(V::load(x + i + L)), c.add(V::load(x + i + 2 * L)), d.add(V::load(x + i + 3 * L));
  }
  for (; i + L <= k; i += L) a.add(V::load(x + i));
  if (i < k) b.add(first_of<V>(x + i, k - i));
  a.join(b), c.join(d), a.join(c);
  return a;
}

template <class V>
Steps steps_of(const Extent<V>& extent) {
  return steps(V::least(extent.low), V::most(extent.high), V::sum(extent.odd) == 0.0f);
}

// N stores vectors of numbers, N::put one and N::put_four; N::Floats are the floats.
template <class N>
void quantise_row(const float* x, int64_t k, const Steps& row, Word* to, int64_t words) {
  using V = typename N::Floats;
  constexpr int64_t L = V::kLanes;
  const auto inverse = V::one(row.inverse);
  auto* numbers = reinterpret_cast<typename N::Number*>(to);
  int64_t i = 0;
  for (; i + 4 * L <= k; i += 4 * L) N::put_four(numbers + i, x + i, inverse, row.zero);
  for (; i + L <= k; i += L) N::put(numbers + i, V::mul(V::load(x + i), inverse), row.zero);
  if (i == words * N::kGroup) return;
  typename N::Number last[L];
  N::put(last, V::mul(first_of<V>(x + i, k - i), inverse), row.zero);
  for (int64_t j = 0; i + j < words * N::kGroup; ++j) numbers[i + j] = last[j];
}

// Some rows at a time, so that they don't wait for each other's steps.
template <class N>
void quantise_rows(const float* x, int64_t rows, int64_t k, Word* to, int64_t words, float* scale, Word* zero) {
  constexpr int64_t kTogether = 4;
  using V = typename N::Floats;
  for (int64_t r = 0; r < rows; r += kTogether) {
    const int64_t end = r + kTogether < rows ? r + kTogether : rows;
    Extent<V> extents[kTogether];
    Steps row[kTogether];
    for (int64_t i = r; i < end; ++i) extents[i - r] = extent_of<V>(x + i * k, k);
    for (int64_t i = r; i < end; ++i) row[i - r] = steps_of<V>(extents[i - r]);
    for (int64_t i = r; i < end; ++i) {
      scale[i] = row[i - r].scale, zero[i] = zero_word(row[i - r].zero);
      quantise_row<N>(x + i * k, k, row[i - r], to + i * words, words);
    }
  }
}

}  // namespace
}  // namespace onnxprune::int8
