#include "kernels/int8/groups.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace onnxprune::int8 {
namespace {

constexpr int64_t kMostSum = kSumBase << 15;  // of the weights of an output, so that it fits two numbers of 16 bits

// Calls visit(input, block, place) for the inputs of a strip that are there, rising: `place` is the one within the
// block.
template <class Visit>
void each_input(const Packed& p, int64_t strip, Visit visit) {
  for (int64_t b = p.pointer[strip]; b < p.pointer[strip + 1]; ++b)
    for (int64_t i = 0; i < p.block_in; ++i) {
      const int64_t input = p.index_at(b) * p.block_in + i;
      if (input < p.k) visit(input, b, i);
    }
}

const int8_t* values_at(const Packed& p, int64_t block, int64_t place) {
  return static_cast<const int8_t*>(p.values) + (block * p.block_in + place) * p.block_out;
}

// The sums of the weights of every output of a strip.
std::vector<int64_t> sums_of(const Packed& p, int64_t strip) {
  std::vector<int64_t> sums(p.block_out);
  each_input(p, strip, [&](int64_t, int64_t block, int64_t place) {
    const int8_t* values = values_at(p, block, place);
    for (int64_t o = 0; o < p.block_out; ++o) sums[o] += values[o];
  });
  return sums;
}

// -sum as two numbers of 16 bits: see kSumBase.
Word sum_word(int64_t sum) {
  const int64_t high = (-sum) >> 7, low = -sum - high * kSumBase;
  return static_cast<Word>(static_cast<uint16_t>(low)) | static_cast<Word>(static_cast<uint16_t>(high)) << 16;
}

}  // namespace

bool Groups::suits(const Packed& p) {
  if (p.grouped() || p.k > kMostInputs) return false;
  for (int64_t s = 0; s < p.strips(); ++s)
    for (int64_t sum : sums_of(p, s))
      if (std::abs(sum) >= kMostSum) return false;
  return true;
}

Groups::Groups(const Packed& p, int64_t inputs)
    : k(p.k),
      n(p.n),
      width(p.block_out),
      strips(p.strips()),
      group(inputs),
      loose(p.block_in % inputs != 0),
      bounds_(p.strips() + 1),
      scale_(p.strips() * p.block_out),
      sum_(p.strips() * p.block_out) {
  bounds_[0] = 0;
  for (int64_t s = 0; s < strips; ++s) bounds_[s + 1] = bounds_[s] + static_cast<int32_t>(groups_of(p, s));
  words_ = Aligned<Word>(count() * width);
  index_ = Aligned<uint16_t>(count() * (loose ? group : 1));
  std::fill_n(words_.data(), words_.size(), 0);
  std::fill_n(index_.data(), index_.size(), 0);
  for (int64_t s = 0; s < strips; ++s) fill_strip(p, s);
  fill_outputs(p);
}

int64_t Groups::groups_of(const Packed& p, int64_t strip) const {
  int64_t there = 0, found = 0, last = -1;
  each_input(p, strip,
             [&](int64_t input, int64_t, int64_t) { ++there, found += input / group != last, last = input / group; });
  return loose ? (there + group - 1) / group : found;
}

// What is missing in a loose strip's last group has weights of zero, at input 0.
void Groups::fill_strip(const Packed& p, int64_t strip) {
  int64_t there = 0, at = bounds_[strip] - 1, last = -1;
  each_input(p, strip, [&](int64_t input, int64_t block, int64_t place) {
    const bool next = loose ? there % group == 0 : input / group != last;
    at += next, last = input / group;
    const int64_t slot = loose ? there++ % group : input % group;
    if (loose)
      index_[at * group + slot] = static_cast<uint16_t>(input);
    else
      index_[at] = static_cast<uint16_t>(last);
    for (int64_t o = 0; o < width; ++o) put(at, slot, o, values_at(p, block, place)[o]);
  });
}

void Groups::put(int64_t at, int64_t slot, int64_t output, int32_t value) {
  const int64_t bits = 32 / group;
  const Word mask = (Word{1} << bits) - 1;
  words_[at * width + output] |= (static_cast<Word>(value) & mask) << (slot * bits);
}

void Groups::fill_outputs(const Packed& p) {
  for (int64_t s = 0; s < strips; ++s) {
    const std::vector<int64_t> sums = sums_of(p, s);
    for (int64_t o = 0, at = s * width; o < width; ++o, ++at) {
      sum_[at] = sum_word(sums[o]);
      scale_[at] = at < n ? p.scales[at] : 0.0f;
    }
  }
}

}  // namespace onnxprune::int8
