// What a kernel family offers to Spmm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/epilogue.h"
#include "core/features.h"
#include "core/parallel.h"
#include "kernels/planes.h"
#include "pack/packed.h"

namespace onnxprune {

// One call: the arguments of Spmm::run, which says what they are.
struct Job {
  const float* x;
  int64_t m;
  float* y;
  Epilogue epilogue;
  ParallelFor parallel;
  void* scratch;
  const Planes* planes = nullptr;  // x is an image, m its output pixels, and y [n][m]; the residual lies as y does
};

class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual const char* name(int64_t m) const = 0;
  virtual bool borrows() const = 0;
  virtual size_t owned_bytes() const = 0;
  virtual size_t scratch_bytes(int64_t m, int threads) const = 0;
  // Whether jobs may have planes, and the scratch of those.
  virtual bool convolves() const { return false; }
  virtual size_t planes_scratch_bytes(int64_t, int) const { return 0; }
  // Runs with subnormals flushed on the caller's thread; a task of job.parallel sees to its own.
  virtual void run(const Job& job) const = 0;
};

}  // namespace onnxprune
