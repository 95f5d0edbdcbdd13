// Weights that multiply the same X at once.
#pragma once

#include "kernels/test/problem.h"

namespace onnxprune {

// Random weights of these shapes, all with m and k of the first, run as siblings: held against the reference and, int8,
// against a run of their own, bit by bit. What differs, or the empty string.
std::string siblings_differ(Random& random, const std::vector<Shape>& shapes, const Features& level, int threads);

}  // namespace onnxprune
