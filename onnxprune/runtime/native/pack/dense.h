// Between dense and canonical.
#pragma once

#include "pack/storage.h"

namespace onnxprune {

// dense: W [k, n], row-major. Blocks without a nonzero are left out. Throws std::invalid_argument for sizes below 1.
Storage pack_blocks(const float* dense, int64_t k, int64_t n, int64_t block_out, int64_t block_in);

// Keeps the `kept` largest magnitudes of every `group` inputs, the first where some are equal.
Storage pack_grouped(const float* dense, int64_t k, int64_t n, int64_t kept, int64_t group);

// float32 -> int8, in 255 steps for every output, symmetric around zero: scale = largest magnitude / 127.
Storage quantise(const Packed& packed);

// dense: [k, n], row-major, written in full: int8 times the scales of their outputs.
void unpack(const Packed& packed, float* dense);

}  // namespace onnxprune
