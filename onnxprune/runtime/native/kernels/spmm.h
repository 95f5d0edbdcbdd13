// The door: a sparse weight that is made once and multiplied often.
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

class Kernel;

// Y [m, n] = act(X [m, k] W [k, n] + bias [n]) + residual [m, n], float32, row-major, rows without gaps.
// Constant after create(): any number of threads may call run() at a time, each with a scratch of its own.
class Spmm {
 public:
  // Prepares W for this processor. Arrays that already are what the kernel wants are used where they lie: see
  // borrows(). Throws std::invalid_argument, with one sentence, where the arrays contradict the shape or no kernel
  // takes the type.
  static std::unique_ptr<Spmm> create(const Packed& packed, const Features& features = Features::detect());
  ~Spmm();

  int64_t k() const { return k_; }
  int64_t n() const { return n_; }

  // Whether the arrays given to create() must outlive this object. If not, they may be freed now.
  bool borrows() const;
  // Bytes of weights held besides the arrays given to create().
  size_t owned_bytes() const;
  // What runs for m rows, for reports: "blocks/avx512", say.
  const char* kernel(int64_t m) const;

  // Bytes of scratch that run() needs for m rows and parallel.threads == threads; 0 is possible.
  size_t scratch_bytes(int64_t m, int threads) const;

  // x: [m, k], y: [m, n], not overlapping. scratch: scratch_bytes(m, parallel.threads) bytes, aligned to 64; contents
  // don't matter. m may be 0. Nothing is allocated, nothing is thrown. Little work runs on the caller's thread alone.
  void run(const float* x, int64_t m, float* y, const Epilogue& epilogue, const ParallelFor& parallel,
           void* scratch) const;

  // The same for an image: y [n][planes.pixels()], x as planes says, whose inputs are k. The residual, whose rows are
  // those of y, lies as y does. Only where convolves(); the scratch is that of planes_scratch_bytes.
  bool convolves() const;
  size_t planes_scratch_bytes(const Planes& planes, int threads) const;
  void run_planes(const float* x, const Planes& planes, float* y, const Epilogue& epilogue, const ParallelFor& parallel,
                  void* scratch) const;

  Spmm(const Spmm&) = delete;
  Spmm& operator=(const Spmm&) = delete;

 private:
  friend class Siblings;
  Spmm(int64_t k, int64_t n, std::unique_ptr<const Kernel> kernel);

  int64_t k_, n_;
  std::unique_ptr<const Kernel> kernel_;
};

}  // namespace onnxprune
