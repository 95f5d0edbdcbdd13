#include "c_api.h"

#include <exception>
#include <stdexcept>
#include <string>

#include "cuda/multiplier.h"
#include "kernels/spmm.h"
#include "pack/dense.h"

using onnxprune::Epilogue;
using onnxprune::Features;
using onnxprune::Packed;
using onnxprune::ParallelFor;
using onnxprune::Spmm;
using onnxprune::Storage;

struct onnxprune_spmm {
  std::unique_ptr<Spmm> spmm;
};

struct onnxprune_weight {
  Storage storage;
};

namespace {

thread_local std::string last_error;

Packed packed_of(const onnxprune_packed& c) {
  Packed p;
  p.k = c.k, p.n = c.n, p.block_out = c.block_out, p.block_in = c.block_in, p.kept = c.kept, p.group = c.group;
  p.dtype = static_cast<onnxprune::WeightType>(c.dtype);
  p.index_type = static_cast<onnxprune::IndexType>(c.index_type);
  p.values = c.values, p.index = c.index, p.pointer = c.pointer, p.scales = c.scales, p.stored = c.stored;
  return p;
}

// What `make` returns, or null with the sentence of its exception kept.
template <class Make>
auto guarded(Make make) noexcept -> decltype(make()) {
  try {
    return make();
  } catch (const std::exception& error) {
    last_error = error.what();
  }
  return nullptr;
}

}  // namespace

int32_t onnxprune_c_api_version(void) { return ONNXPRUNE_C_API_VERSION; }

const char* onnxprune_last_error(void) { return last_error.c_str(); }

const char* onnxprune_cpu(void) { return Features::detect().name(); }

onnxprune_weight* onnxprune_pack_blocks(const float* dense, int64_t k, int64_t n, int64_t block_out, int64_t block_in) {
  return guarded([&] { return new onnxprune_weight{onnxprune::pack_blocks(dense, k, n, block_out, block_in)}; });
}

onnxprune_weight* onnxprune_pack_grouped(const float* dense, int64_t k, int64_t n, int64_t kept, int64_t group) {
  return guarded([&] { return new onnxprune_weight{onnxprune::pack_grouped(dense, k, n, kept, group)}; });
}

onnxprune_weight* onnxprune_quantise(const onnxprune_weight* weight) {
  return guarded([&] { return new onnxprune_weight{onnxprune::quantise(weight->storage.view())}; });
}

void onnxprune_weight_view(const onnxprune_weight* weight, onnxprune_packed* view) {
  const Packed p = weight->storage.view();
  *view = {p.k,
           p.n,
           p.block_out,
           p.block_in,
           p.kept,
           p.group,
           static_cast<int32_t>(p.dtype),
           static_cast<int32_t>(p.index_type),
           p.values,
           p.index,
           p.pointer,
           p.scales,
           p.stored};
}

void onnxprune_weight_free(onnxprune_weight* weight) { delete weight; }

int onnxprune_unpack(const onnxprune_packed* packed, float* dense) {
  const void* done = guarded([&]() -> const void* {
    const Packed p = packed_of(*packed);
    onnxprune::check(p);
    onnxprune::unpack(p, dense);
    return dense;
  });
  return done ? 0 : 1;
}

onnxprune_spmm* onnxprune_spmm_create(const onnxprune_packed* packed, const char* cpu) {
  return guarded([&] { return new onnxprune_spmm{Spmm::create(packed_of(*packed), Features::detect().limited(cpu))}; });
}

void onnxprune_spmm_free(onnxprune_spmm* spmm) { delete spmm; }

int onnxprune_spmm_borrows(const onnxprune_spmm* spmm) { return spmm->spmm->borrows(); }

size_t onnxprune_spmm_owned_bytes(const onnxprune_spmm* spmm) { return spmm->spmm->owned_bytes(); }

const char* onnxprune_spmm_kernel(const onnxprune_spmm* spmm, int64_t m) { return spmm->spmm->kernel(m); }

size_t onnxprune_spmm_scratch_bytes(const onnxprune_spmm* spmm, int64_t m, int threads) {
  return spmm->spmm->scratch_bytes(m, threads);
}

void onnxprune_spmm_run(const onnxprune_spmm* spmm, const float* x, int64_t m, float* y,
                        const onnxprune_epilogue* epilogue, const onnxprune_parallel* parallel, void* scratch) {
  Epilogue e;
  if (epilogue)
    e = {epilogue->bias, static_cast<onnxprune::Activation>(epilogue->activation), epilogue->residual,
         epilogue->residual_stride};
  ParallelFor p;
  if (parallel) p = {parallel->ctx, parallel->run, parallel->threads};
  spmm->spmm->run(x, m, y, e, p, scratch);
}

void onnxprune_spmm_repeat(const onnxprune_spmm* spmm, const float* x, int64_t m, float* y,
                           const onnxprune_epilogue* epilogue, const onnxprune_parallel* parallel, void* scratch,
                           int64_t times) {
  for (int64_t i = 0; i < times; ++i) onnxprune_spmm_run(spmm, x, m, y, epilogue, parallel, scratch);
}

struct onnxprune_cuda {
  std::unique_ptr<const onnxprune::cuda::Multiplier> multiplier;
};

#ifdef ONNXPRUNE_CUDA
int onnxprune_cuda_built(void) { return 1; }
#else
int onnxprune_cuda_built(void) { return 0; }

std::unique_ptr<const onnxprune::cuda::Multiplier> onnxprune::cuda::Multiplier::create(const Packed&, Number) {
  throw std::runtime_error("this library was built without CUDA kernels");
}
#endif

onnxprune_cuda* onnxprune_cuda_create(const onnxprune_packed* packed, int32_t number) {
  return guarded([&] {
    const auto type = static_cast<onnxprune::cuda::Number>(number);
    return new onnxprune_cuda{onnxprune::cuda::Multiplier::create(packed_of(*packed), type)};
  });
}

void onnxprune_cuda_free(onnxprune_cuda* cuda) { delete cuda; }

size_t onnxprune_cuda_bytes(const onnxprune_cuda* cuda) { return cuda->multiplier->bytes(); }

const char* onnxprune_cuda_kernel(const onnxprune_cuda* cuda) { return cuda->multiplier->name(); }

int onnxprune_cuda_run(const onnxprune_cuda* cuda, const void* x, int64_t m, void* y,
                       const onnxprune_epilogue* epilogue, void* stream) {
  onnxprune::cuda::Call call;
  call.x = x, call.m = m, call.y = y, call.stream = stream;
  if (epilogue) {
    call.bias = epilogue->bias, call.act = static_cast<onnxprune::Activation>(epilogue->activation);
    call.residual = epilogue->residual, call.residual_stride = epilogue->residual_stride;
  }
  const void* done = guarded([&]() -> const void* {
    cuda->multiplier->run(call);
    return cuda;
  });
  return done ? 0 : 1;
}
