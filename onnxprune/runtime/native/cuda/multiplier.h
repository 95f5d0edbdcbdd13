// The door to the CUDA kernels: a sparse weight on a GPU, made once and multiplied often.
#pragma once

#include <memory>

#include "core/epilogue.h"
#include "cuda/numbers.h"
#include "pack/packed.h"

namespace onnxprune::cuda {

// Y [m, n] = act(X [m, k] W [k, n] + bias [n]) + residual [m, n], or act of all of it; all of one type, on the GPU, row-major.
struct Call {
  const void* x = nullptr;
  int64_t m = 0;
  void* y = nullptr;
  const void* bias = nullptr;      // or null
  const void* residual = nullptr;  // or null
  int64_t residual_stride = 0;     // elements
  Activation act = Activation::none;
  bool sum_first = false;  // the residual is added before the activation
  void* stream = nullptr;  // a cudaStream_t
};

// Constant after create(): any number of threads and streams may call run() at a time.
class Multiplier {
 public:
  // Arranges W for the current GPU and copies it there; the arrays, which lie in the host's memory, aren't needed
  // afterwards. Throws std::invalid_argument where they contradict the shape, and std::runtime_error with CUDA's words
  // where the GPU fails.
  static std::unique_ptr<const Multiplier> create(const Packed& packed, Number number);
  virtual ~Multiplier() = default;

  // "strips/f16/64", say: the kernel, the type it multiplies, outputs of a strip.
  virtual const char* name() const = 0;
  // Bytes on the GPU.
  virtual size_t bytes() const = 0;
  // Queues the work on the call's stream; what fails while it runs, CUDA tells later. Throws std::runtime_error.
  virtual void run(const Call& call) const = 0;
};

}  // namespace onnxprune::cuda
