// Between dense and canonical.
#pragma once

#include "pack/storage.h"

namespace onnxprune {

// dense: W [k, n], row-major. Blocks without a nonzero are left out. Throws std::invalid_argument for sizes below 1.
Storage pack_blocks(const float* dense, int64_t k, int64_t n, int64_t block_out, int64_t block_in);

// Keeps the `kept` largest magnitudes of every `group` inputs, the first where some are equal.
Storage pack_grouped(const float* dense, int64_t k, int64_t n, int64_t kept, int64_t group);

// dense: [k, n], row-major, written in full. float32 weights only.
void unpack(const Packed& packed, float* dense);

}  // namespace onnxprune
