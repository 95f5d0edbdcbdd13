#include "kernels/spmm.h"

#include "core/denormals.h"
#include "kernels/choose.h"

namespace onnxprune {

Spmm::Spmm(int64_t k, int64_t n, std::unique_ptr<const Kernel> kernel) : k_(k), n_(n), kernel_(std::move(kernel)) {}

Spmm::~Spmm() = default;

std::unique_ptr<Spmm> Spmm::create(const Packed& packed, const Features& features) {
  check(packed);
  return std::unique_ptr<Spmm>(new Spmm(packed.k, packed.n, choose(packed, features)));
}

bool Spmm::borrows() const { return kernel_->borrows(); }

size_t Spmm::owned_bytes() const { return kernel_->owned_bytes(); }

const char* Spmm::kernel(int64_t m) const { return kernel_->name(m); }

size_t Spmm::scratch_bytes(int64_t m, int threads) const { return kernel_->scratch_bytes(m, threads); }

bool Spmm::convolves() const { return kernel_->convolves(); }

size_t Spmm::planes_scratch_bytes(const Planes& planes, int threads) const {
  return kernel_->planes_scratch_bytes(planes, threads);
}

void Spmm::run_planes(const float* x, const Planes& planes, float* y, const Epilogue& epilogue,
                      const ParallelFor& parallel, void* scratch) const {
  if (planes.pixels() <= 0) return;
  const FlushSubnormals guard;
  kernel_->run({x, planes.pixels(), y, epilogue, parallel, scratch, &planes});
}

void Spmm::run(const float* x, int64_t m, float* y, const Epilogue& epilogue, const ParallelFor& parallel,
               void* scratch) const {
  if (m <= 0) return;
  const FlushSubnormals guard;
  kernel_->run({x, m, y, epilogue, parallel, scratch});
}

}  // namespace onnxprune
