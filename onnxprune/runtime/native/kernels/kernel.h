// What a kernel family offers to Spmm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/epilogue.h"
#include "core/features.h"
#include "core/parallel.h"
#include "core/prefetch.h"
#include "kernels/planes.h"
#include "pack/packed.h"

namespace onnxprune {

namespace int8 {
struct Numbers;
struct Tiles;
}  // namespace int8

// One call: the arguments of Spmm::run, which says what they are.
struct Job {
  const float* x;
  int64_t m;
  float* y;
  Epilogue epilogue;
  ParallelFor parallel;
  void* scratch;
  const Planes* planes = nullptr;  // x is an image, m its output pixels, and y [n][m]; the residual lies as y does
  const int8::Numbers* numbers = nullptr;  // what x is quantised, if somebody has done that with Kernel::quantises()
};

// What is added to planes `first` to `last` from pixel `pixel` on arrives while those are summed up.
inline void prefetch_residual(const Job& job, int64_t first, int64_t last, int64_t pixel, int64_t count) {
  const int64_t stride = job.epilogue.residual_stride;
  if (job.epilogue.residual)
    prefetch_rows<true>(job.epilogue.residual + first * stride + pixel, stride, last - first, count);
}

class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual const char* name(int64_t m) const = 0;
  virtual bool borrows() const = 0;
  virtual size_t owned_bytes() const = 0;
  // For any job on that many threads, or fewer.
  virtual size_t scratch_bytes(int64_t m, int threads) const = 0;
  // How long m rows take, as core/split.h counts it.
  virtual int64_t cost(int64_t m) const = 0;
  // Whose function makes whole numbers of X; null where none are multiplied.
  virtual const int8::Tiles* quantises() const { return nullptr; }
  // Whether jobs may have planes, and the scratch of those.
  virtual bool convolves() const { return false; }
  virtual size_t planes_scratch_bytes(const Planes&, int) const { return 0; }
  // Runs with subnormals flushed on the caller's thread; by_turns sees to those of job.parallel, in whose tasks alone
  // anything is written: siblings may lie in the same scratch, one after the other.
  virtual void run(const Job& job) const = 0;
};

}  // namespace onnxprune
