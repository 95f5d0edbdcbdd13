// A canonical weight that owns its arrays.
#pragma once

#include "core/aligned.h"
#include "pack/packed.h"

namespace onnxprune {

// float32, or int8 with scales; blocks or N:M; index is i32 for blocks and u8 for N:M.
struct Storage {
  Packed shape;  // of its members only sizes and types are set; view() sets the pointers
  Aligned<float> values;
  Aligned<int8_t> bytes;
  Aligned<float> scales;
  Aligned<int32_t> index;
  Aligned<uint8_t> places;
  Aligned<int32_t> pointer;

  Packed view() const {
    Packed p = shape;
    const bool narrow = p.dtype == WeightType::int8;
    p.values = narrow ? static_cast<const void*>(bytes.data()) : values.data();
    p.scales = narrow ? scales.data() : nullptr;
    p.index = p.grouped() ? static_cast<const void*>(places.data()) : index.data();
    p.pointer = p.grouped() ? nullptr : pointer.data();
    return p;
  }
};

}  // namespace onnxprune
