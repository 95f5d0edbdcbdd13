#include "pack/dense.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace onnxprune {
namespace {

struct Dense {
  const float* data;
  int64_t k, n;

  float at(int64_t i, int64_t o) const { return i < k && o < n ? data[i * n + o] : 0.0f; }
};

void copy_block(const Dense& dense, const Packed& p, int64_t strip, int64_t input, float* out) {
  for (int64_t i = 0; i < p.block_in; ++i)
    for (int64_t o = 0; o < p.block_out; ++o) *out++ = dense.at(input * p.block_in + i, strip * p.block_out + o);
}

// [strips][inputs]: whether a block holds a nonzero. One pass over W in its own order.
std::vector<char> occupied(const Dense& dense, const Packed& p) {
  std::vector<char> found(p.strips() * p.inputs());
  for (int64_t i = 0; i < dense.k; ++i)
    for (int64_t o = 0; o < dense.n; ++o)
      if (dense.data[i * dense.n + o] != 0.0f) found[o / p.block_out * p.inputs() + i / p.block_in] = 1;
  return found;
}

// The places of the kept largest of dense[first .. first + group, o], rising.
void pick(const Dense& dense, int64_t first, int64_t o, const Packed& p, std::vector<int64_t>& order) {
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return std::fabs(dense.at(first + a, o)) > std::fabs(dense.at(first + b, o));
  });
  std::sort(order.begin(), order.begin() + p.kept);
}

void require(bool right, const char* what) {
  if (!right) throw std::invalid_argument(what);
}

}  // namespace

Storage pack_blocks(const float* dense, int64_t k, int64_t n, int64_t block_out, int64_t block_in) {
  require(k > 0 && n > 0 && block_out > 0 && block_in > 0, "pack: sizes must be positive");
  Storage storage;
  Packed& p = storage.shape;
  p.k = k, p.n = n, p.block_out = block_out, p.block_in = block_in;
  const std::vector<char> found = occupied({dense, k, n}, p);
  p.stored = std::count(found.begin(), found.end(), 1);
  storage.values = Aligned<float>(p.stored * p.block_size());
  storage.index = Aligned<int32_t>(p.stored);
  storage.pointer = Aligned<int32_t>(p.strips() + 1);
  int32_t block = 0;
  for (int64_t strip = 0; strip < p.strips(); ++strip) {
    storage.pointer[strip] = block;
    for (int64_t input = 0; input < p.inputs(); ++input) {
      if (!found[strip * p.inputs() + input]) continue;
      copy_block({dense, k, n}, p, strip, input, storage.values.data() + block * p.block_size());
      storage.index[block++] = static_cast<int32_t>(input);
    }
  }
  storage.pointer[p.strips()] = block;
  return storage;
}

Storage pack_grouped(const float* data, int64_t k, int64_t n, int64_t kept, int64_t group) {
  require(k > 0 && n > 0 && kept > 0 && kept <= group && group <= 256, "pack: N:M needs 1 <= N <= M <= 256");
  Storage storage;
  Packed& p = storage.shape;
  p.k = k, p.n = n, p.kept = kept, p.group = group, p.index_type = IndexType::u8;
  p.stored = n * p.groups() * kept;
  storage.values = Aligned<float>(p.stored);
  storage.places = Aligned<uint8_t>(p.stored);
  const Dense dense{data, k, n};
  std::vector<int64_t> order(group);
  int64_t at = 0;
  for (int64_t o = 0; o < n; ++o)
    for (int64_t first = 0; first < k; first += group) {
      pick(dense, first, o, p, order);
      for (int64_t i = 0; i < kept; ++i, ++at) {
        storage.values[at] = dense.at(first + order[i], o);
        storage.places[at] = static_cast<uint8_t>(order[i]);
      }
    }
  return storage;
}

namespace {

// Calls visit(at, i, o) for every value: its place in the arrays, its input and its output, which may lie beyond k and
// n.
template <class Visit>
void each_value(const Packed& p, Visit visit) {
  const int64_t slots = p.grouped() ? p.groups() * p.kept : 0;
  for (int64_t at = 0; at < slots * p.n; ++at) visit(at, at % slots / p.kept * p.group + p.index_at(at), at / slots);
  for (int64_t strip = 0, at = 0; !p.grouped() && strip < p.strips(); ++strip)
    for (int64_t block = p.pointer[strip]; block < p.pointer[strip + 1]; ++block)
      for (int64_t i = 0; i < p.block_in; ++i)
        for (int64_t o = 0; o < p.block_out; ++o, ++at)
          visit(at, p.index_at(block) * p.block_in + i, strip * p.block_out + o);
}

// Index and pointer as they are in p.
void copy_places(const Packed& p, Storage* storage) {
  storage->shape.index_type = p.grouped() ? IndexType::u8 : IndexType::i32;
  storage->places = Aligned<uint8_t>(p.grouped() ? p.stored : 0);
  storage->index = Aligned<int32_t>(p.grouped() ? 0 : p.stored);
  storage->pointer = Aligned<int32_t>(p.grouped() ? 0 : p.strips() + 1);
  for (int64_t i = 0; i < p.stored; ++i) {
    if (p.grouped())
      storage->places[i] = static_cast<uint8_t>(p.index_at(i));
    else
      storage->index[i] = static_cast<int32_t>(p.index_at(i));
  }
  if (!p.grouped()) std::copy_n(p.pointer, p.strips() + 1, storage->pointer.data());
}

}  // namespace

Storage quantise(const Packed& p) {
  require(p.dtype == WeightType::f32, "quantise: float32 weights only");
  Storage storage;
  storage.shape = p;
  storage.shape.dtype = WeightType::int8;
  storage.scales = Aligned<float>(p.n);
  std::fill_n(storage.scales.data(), p.n, 0.0f);
  each_value(p, [&](int64_t at, int64_t, int64_t o) {
    if (o < p.n) storage.scales[o] = std::max(storage.scales[o], std::fabs(p.floats()[at]));
  });
  for (int64_t o = 0; o < p.n; ++o) storage.scales[o] = storage.scales[o] > 0 ? storage.scales[o] / 127 : 1.0f;
  storage.bytes = Aligned<int8_t>(p.stored * (p.grouped() ? 1 : p.block_size()));
  each_value(p, [&](int64_t at, int64_t, int64_t o) {
    const float steps = o < p.n ? std::rint(p.floats()[at] / storage.scales[o]) : 0.0f;
    storage.bytes[at] = static_cast<int8_t>(std::clamp(steps, -127.0f, 127.0f));
  });
  copy_places(p, &storage);
  return storage;
}

void unpack(const Packed& p, float* dense) {
  const bool narrow = p.dtype == WeightType::int8;
  std::fill_n(dense, p.k * p.n, 0.0f);
  each_value(p, [&](int64_t at, int64_t i, int64_t o) {
    if (i < p.k && o < p.n)
      dense[i * p.n + o] += narrow ? static_cast<const int8_t*>(p.values)[at] * p.scales[o] : p.floats()[at];
  });
}

}  // namespace onnxprune
