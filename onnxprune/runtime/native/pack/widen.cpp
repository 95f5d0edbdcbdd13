#include "pack/widen.h"

#include <algorithm>
#include <vector>

namespace onnxprune {
namespace {

// The inputs at which any of the strips [first, last) has a block, rising.
void inputs_of(const Packed& p, int64_t first, int64_t last, std::vector<int64_t>& inputs) {
  inputs.clear();
  for (int64_t b = p.pointer[first]; b < p.pointer[last]; ++b) inputs.push_back(p.index_at(b));
  std::sort(inputs.begin(), inputs.end());
  inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
}

template <class Visit>
void each_group(const Packed& p, int64_t factor, Visit visit) {
  std::vector<int64_t> inputs;
  for (int64_t first = 0; first < p.strips(); first += factor) {
    inputs_of(p, first, std::min(first + factor, p.strips()), inputs);
    visit(first, inputs);
  }
}

// Copies strip s, the place-th of its group, into the group's blocks, which begin at `to`.
void place_strip(const Packed& p, int64_t s, int64_t place, int64_t factor, const std::vector<int64_t>& inputs,
                 float* to) {
  size_t at = 0;
  for (int64_t b = p.pointer[s]; b < p.pointer[s + 1]; ++b) {
    while (inputs[at] != p.index_at(b)) ++at;
    for (int64_t i = 0; i < p.block_in; ++i)
      std::copy_n(p.floats() + (b * p.block_in + i) * p.block_out, p.block_out,
                  to + ((at * p.block_in + i) * factor + place) * p.block_out);
  }
}

}  // namespace

double widening(const Packed& packed, int64_t factor) {
  int64_t left = 0;
  each_group(packed, factor, [&](int64_t, const std::vector<int64_t>& inputs) { left += inputs.size(); });
  return packed.stored ? static_cast<double>(left * factor) / packed.stored : 1.0;
}

Storage widen(const Packed& p, int64_t factor) {
  Storage wide;
  wide.shape.k = p.k, wide.shape.n = p.n;
  wide.shape.block_out = p.block_out * factor, wide.shape.block_in = p.block_in;
  wide.pointer = Aligned<int32_t>(wide.shape.strips() + 1);
  int32_t blocks = 0, group = 0;
  wide.pointer[0] = 0;
  each_group(p, factor, [&](int64_t, const std::vector<int64_t>& inputs) {
    wide.pointer[++group] = blocks += static_cast<int32_t>(inputs.size());
  });
  wide.shape.stored = blocks;
  wide.index = Aligned<int32_t>(blocks);
  wide.values = Aligned<float>(blocks * wide.shape.block_size());
  std::fill_n(wide.values.data(), wide.values.size(), 0.0f);
  each_group(p, factor, [&](int64_t first, const std::vector<int64_t>& inputs) {
    const int64_t begin = wide.pointer[first / factor];
    std::copy(inputs.begin(), inputs.end(), wide.index.data() + begin);
    for (int64_t s = first; s < std::min(first + factor, p.strips()); ++s)
      place_strip(p, s, s - first, factor, inputs, wide.values.data() + begin * wide.shape.block_size());
  });
  return wide;
}

}  // namespace onnxprune
