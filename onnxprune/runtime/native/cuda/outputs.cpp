#include "cuda/outputs.h"

#include <algorithm>

namespace onnxprune::cuda {
namespace {

float stored(const Packed& p, int64_t i) {
  return p.dtype == WeightType::int8 ? static_cast<const int8_t*>(p.values)[i] : p.floats()[i];
}

void write_blocks(const Packed& p, int64_t from, int64_t end, float* to, int64_t count) {
  for (int64_t strip = from / p.block_out; strip * p.block_out < end; ++strip) {
    const int64_t first = strip * p.block_out;
    const int64_t low = std::max(first, from), high = std::min(first + p.block_out, end);
    for (int64_t b = p.pointer[strip]; b < p.pointer[strip + 1]; ++b) {
      const int64_t input = p.index_at(b) * p.block_in;
      for (int64_t i = 0; i < p.block_in && input + i < p.k; ++i)
        for (int64_t o = low; o < high; ++o)
          to[(input + i) * count + o - from] = stored(p, (b * p.block_in + i) * p.block_out + o - first);
    }
  }
}

// Adds, because padding may name a place twice.
void write_groups(const Packed& p, int64_t from, int64_t end, float* to, int64_t count) {
  for (int64_t o = from; o < end; ++o)
    for (int64_t g = 0; g < p.groups(); ++g)
      for (int64_t j = 0; j < p.kept; ++j) {
        const int64_t at = (o * p.groups() + g) * p.kept + j, input = g * p.group + p.index_at(at);
        if (input < p.k) to[input * count + o - from] += stored(p, at);
      }
}

}  // namespace

void write_outputs(const Packed& packed, int64_t from, int64_t count, std::vector<float>* to) {
  to->assign(packed.k * count, 0.0f);
  const int64_t end = std::min(from + count, packed.n);
  packed.grouped() ? write_groups(packed, from, end, to->data(), count)
                   : write_blocks(packed, from, end, to->data(), count);
}

}  // namespace onnxprune::cuda
