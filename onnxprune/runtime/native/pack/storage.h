// A canonical weight that owns its arrays.
#pragma once

#include "core/aligned.h"
#include "pack/packed.h"

namespace onnxprune {

// float32, blocks or N:M; index is i32 for blocks and u8 for N:M.
struct Storage {
  Packed shape;  // of its members only sizes and types are set; view() sets the pointers
  Aligned<float> values;
  Aligned<int32_t> index;
  Aligned<uint8_t> places;
  Aligned<int32_t> pointer;

  Packed view() const {
    Packed p = shape;
    p.values = values.data();
    p.index = p.grouped() ? static_cast<const void*>(places.data()) : index.data();
    p.pointer = p.grouped() ? nullptr : pointer.data();
    return p;
  }
  size_t bytes() const { return values.bytes() + index.bytes() + places.bytes() + pointer.bytes(); }
};

}  // namespace onnxprune
