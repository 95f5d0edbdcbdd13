// The definition that every kernel is held against: slow, in double.
#pragma once

#include "core/epilogue.h"
#include "pack/packed.h"

namespace onnxprune {

// Y as Spmm::run says, computed in float64 from any canonical weight. y: [m, n]. With an int8 weight, X is quantised.
// magnitude: null, or [m, n], which gets what rounding errors are relative to: |X| |W|, or |X W| for int8.
void reference(const Packed& packed, const float* x, int64_t m, double* y, const Epilogue& epilogue, double* magnitude);

}  // namespace onnxprune
