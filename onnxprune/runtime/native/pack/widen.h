// Neighbouring strips whose blocks lie at the same inputs are one wider strip, which kernels are faster with.
#pragma once

#include "pack/storage.h"

namespace onnxprune {

// Blocks that are left when every `factor` strips become one, over those that `factor` strips share if all agree:
// 1 where all do, `factor` where no two do. packed: blocks.
double widening(const Packed& packed, int64_t factor);

// The same weight in blocks of factor * block_out outputs, zeros where only some of the strips had a block. float32
// only.
Storage widen(const Packed& packed, int64_t factor);

}  // namespace onnxprune
