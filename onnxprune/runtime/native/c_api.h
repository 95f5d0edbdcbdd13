/* The kernels without ONNX Runtime, for ctypes: a plain C interface, stable within a version of the library.
   Functions that can fail return null or nonzero, and onnxprune_last_error() says why. */
#ifndef ONNXPRUNE_C_API_H
#define ONNXPRUNE_C_API_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define ONNXPRUNE_API __declspec(dllexport)
#else
#define ONNXPRUNE_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define ONNXPRUNE_C_API_VERSION 1

/* A canonical weight: the members of `Packed` in pack/packed.h, which says what they are. */
typedef struct {
  int64_t k, n, block_out, block_in;
  int64_t kept, group;
  int32_t dtype;      /* 0 float32, 1 int8 */
  int32_t index_type; /* 0 uint8, 1 uint16, 2 int32 */
  const void* values;
  const void* index;
  const int32_t* pointer;
  const float* scales;
  int64_t stored;
} onnxprune_packed;

/* `Epilogue` in core/epilogue.h. */
typedef struct {
  const float* bias;
  int32_t activation; /* 0 none, 1 relu, 2 gelu_erf, 3 gelu_tanh, 4 silu */
  int32_t unused;
  const float* residual;
  int64_t residual_stride;
} onnxprune_epilogue;

/* `ParallelFor` in core/parallel.h; null stands for the caller's thread alone. */
typedef struct {
  void* ctx;
  void (*run)(void* ctx, void (*fn)(void* arg, size_t i), size_t n, void* arg);
  int threads;
} onnxprune_parallel;

typedef struct onnxprune_spmm onnxprune_spmm;
typedef struct onnxprune_weight onnxprune_weight;

ONNXPRUNE_API int32_t onnxprune_c_api_version(void);

/* The sentence that belongs to the calling thread's last failure; never null. */
ONNXPRUNE_API const char* onnxprune_last_error(void);

/* "avx512", "avx2", "neon" or "generic": this processor's, lowered by ONNXPRUNE_CPU. */
ONNXPRUNE_API const char* onnxprune_cpu(void);

/* Packing. dense: W [k, n] row-major float32. The weight owns its arrays; onnxprune_weight_view gives them. */
ONNXPRUNE_API onnxprune_weight* onnxprune_pack_blocks(const float* dense, int64_t k, int64_t n, int64_t block_out,
                                                      int64_t block_in);
ONNXPRUNE_API onnxprune_weight* onnxprune_pack_grouped(const float* dense, int64_t k, int64_t n, int64_t kept,
                                                       int64_t group);
/* Another weight of the same blocks or groups, int8 with a scale for every output. */
ONNXPRUNE_API onnxprune_weight* onnxprune_quantise(const onnxprune_weight* weight);
ONNXPRUNE_API void onnxprune_weight_view(const onnxprune_weight* weight, onnxprune_packed* view);
ONNXPRUNE_API void onnxprune_weight_free(onnxprune_weight* weight);
ONNXPRUNE_API int onnxprune_unpack(const onnxprune_packed* packed, float* dense);

/* Multiplying: `Spmm` in kernels/spmm.h. cpu: null for this processor, or a lower level as ONNXPRUNE_CPU names it. */
ONNXPRUNE_API onnxprune_spmm* onnxprune_spmm_create(const onnxprune_packed* packed, const char* cpu);
ONNXPRUNE_API void onnxprune_spmm_free(onnxprune_spmm* spmm);
ONNXPRUNE_API int onnxprune_spmm_borrows(const onnxprune_spmm* spmm);
ONNXPRUNE_API size_t onnxprune_spmm_owned_bytes(const onnxprune_spmm* spmm);
ONNXPRUNE_API const char* onnxprune_spmm_kernel(const onnxprune_spmm* spmm, int64_t m);
ONNXPRUNE_API size_t onnxprune_spmm_scratch_bytes(const onnxprune_spmm* spmm, int64_t m, int threads);
/* epilogue and parallel may be null; scratch must be aligned to 64 bytes. */
ONNXPRUNE_API void onnxprune_spmm_run(const onnxprune_spmm* spmm, const float* x, int64_t m, float* y,
                                      const onnxprune_epilogue* epilogue, const onnxprune_parallel* parallel,
                                      void* scratch);
/* The same `times` times over, for measuring without what a call from Python costs. */
ONNXPRUNE_API void onnxprune_spmm_repeat(const onnxprune_spmm* spmm, const float* x, int64_t m, float* y,
                                         const onnxprune_epilogue* epilogue, const onnxprune_parallel* parallel,
                                         void* scratch, int64_t times);

/* On a GPU: `Multiplier` in cuda/multiplier.h. Where the library was built without CUDA, create always fails.
   number: of X, Y, bias and residual, which all lie there; 0 float32, 1 float16, 2 bfloat16. The packed weight lies in
   the host's memory. stream: a cudaStream_t. */
typedef struct onnxprune_cuda onnxprune_cuda;

ONNXPRUNE_API int onnxprune_cuda_built(void);
ONNXPRUNE_API onnxprune_cuda* onnxprune_cuda_create(const onnxprune_packed* packed, int32_t number);
ONNXPRUNE_API void onnxprune_cuda_free(onnxprune_cuda* cuda);
ONNXPRUNE_API size_t onnxprune_cuda_bytes(const onnxprune_cuda* cuda);
ONNXPRUNE_API const char* onnxprune_cuda_kernel(const onnxprune_cuda* cuda);
/* The epilogue's pointers are to the number's type; it may be null. 0 where the work is queued. */
ONNXPRUNE_API int onnxprune_cuda_run(const onnxprune_cuda* cuda, const void* x, int64_t m, void* y,
                                     const onnxprune_epilogue* epilogue, void* stream);

#ifdef __cplusplus
}
#endif

#endif /* ONNXPRUNE_C_API_H */
