#include "pack/own.h"

#include <algorithm>

namespace onnxprune {
namespace {

template <class T>
Aligned<T> copy(const void* from, int64_t count) {
  Aligned<T> made(static_cast<size_t>(count));
  std::copy_n(static_cast<const T*>(from), count, made.data());
  return made;
}

}  // namespace

Storage own(const Packed& p) {
  Storage storage;
  storage.shape = p;
  storage.shape.index_type = p.grouped() ? IndexType::u8 : IndexType::i32;
  const int64_t values = p.stored * (p.grouped() ? 1 : p.block_size());
  if (p.dtype == WeightType::int8) {
    storage.bytes = copy<int8_t>(p.values, values);
    storage.scales = copy<float>(p.scales, p.n);
  } else {
    storage.values = copy<float>(p.values, values);
  }
  if (p.grouped()) {
    storage.places = copy<uint8_t>(p.index, p.stored);
    return storage;
  }
  storage.pointer = copy<int32_t>(p.pointer, p.strips() + 1);
  storage.index = Aligned<int32_t>(static_cast<size_t>(p.stored));
  for (int64_t b = 0; b < p.stored; ++b) storage.index[b] = static_cast<int32_t>(p.index_at(b));
  return storage;
}

}  // namespace onnxprune
