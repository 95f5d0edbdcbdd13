// A product on a GPU, for what lies in the host's memory: gpu.cu, or no_gpu.cpp in a build without CUDA.
#pragma once

#include <string>

#include "cuda/multiplier.h"

namespace onnxprune::cuda {

bool has_gpu();

// Elements of the call's arrays.
struct Sizes {
  int64_t x, y, bias, residual;
};

// Copies what the call reads to the GPU, and Y back; the kernel's name. Throws std::runtime_error where CUDA fails.
std::string run_on_gpu(const Packed& packed, Number number, const Call& call, const Sizes& sizes);

}  // namespace onnxprune::cuda
