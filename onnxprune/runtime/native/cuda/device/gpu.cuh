// The device that kernels' bodies are templates over, as a GPU has it: compute capability 8.0 and newer.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "cuda/numbers.h"

namespace onnxprune::cuda {

class Gpu {
 public:
  ONNXPRUNE_DEVICE int thread() const { return threadIdx.x; }
  ONNXPRUNE_DEVICE int threads() const { return blockDim.x; }
  ONNXPRUNE_DEVICE int lane() const { return threadIdx.x % kLanes; }
  ONNXPRUNE_DEVICE int warp() const { return threadIdx.x / kLanes; }
  ONNXPRUNE_DEVICE int64_t block_x() const { return blockIdx.x; }
  ONNXPRUNE_DEVICE int64_t block_y() const { return blockIdx.y; }
  ONNXPRUNE_DEVICE void* shared() const {
    extern __shared__ Sixteen memory[];
    return memory;
  }

  // All threads of the block, or of the warp.
  ONNXPRUNE_DEVICE void sync() const { __syncthreads(); }
  ONNXPRUNE_DEVICE void sync_warp() const { __syncwarp(); }

  ONNXPRUNE_DEVICE float from_lane(float v, int lane) const { return __shfl_sync(0xffffffffu, v, lane); }

  ONNXPRUNE_DEVICE Sixteen load_sixteen(const void* from) const { return *static_cast<const Sixteen*>(from); }
  ONNXPRUNE_DEVICE void load_four(const uint32_t* from, uint32_t (&to)[4]) const {
    const uint4 four = __ldg(reinterpret_cast<const uint4*>(from));
    to[0] = four.x, to[1] = four.y, to[2] = four.z, to[3] = four.w;
  }

  // Four 8 x 8 matrices of 16 bits: lane i names row i % 8 of matrix i / 8, in shared memory, and gets of every matrix
  // the two neighbours in row lane / 4 that begin at 2 (lane % 4).
  ONNXPRUNE_DEVICE void load_matrices(const void* row, uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d) const {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(a), "=r"(b), "=r"(c), "=r"(d)
                 : "r"(address(row))
                 : "memory");
  }

  // The same of the matrices transposed.
  ONNXPRUNE_DEVICE void load_transposed(const void* row, uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d) const {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(a), "=r"(b), "=r"(c), "=r"(d)
                 : "r"(address(row))
                 : "memory");
  }

  // Sixteen bytes into shared memory, there after a wait. Copies are counted by what lies between two commits.
  ONNXPRUNE_DEVICE void copy_sixteen(void* to, const void* from) const {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(address(to)), "l"(from) : "memory");
  }
  ONNXPRUNE_DEVICE void commit_copies() const { asm volatile("cp.async.commit_group;" ::: "memory"); }
  ONNXPRUNE_DEVICE void wait_for_copies() const { asm volatile("cp.async.wait_group 0;" ::: "memory"); }
  ONNXPRUNE_DEVICE void wait_for_copies_but_one() const { asm volatile("cp.async.wait_group 1;" ::: "memory"); }

  ONNXPRUNE_DEVICE void mma(Float16Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) const {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
  ONNXPRUNE_DEVICE void mma(BFloat16Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) const {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
  ONNXPRUNE_DEVICE void mma(Tf32Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) const {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
  ONNXPRUNE_DEVICE void mma(ByteMma, int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) const {
    asm volatile(
        "mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }

  // selector: which lanes of four hold the places, 0 and 1 (0) or 2 and 3 (1). Older compilers know only the name
  // without the promise that places rise.
#if __CUDACC_VER_MAJOR__ > 12 || (__CUDACC_VER_MAJOR__ == 12 && __CUDACC_VER_MINOR__ >= 5)
#define ONNXPRUNE_MMA_SP "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32."
#else
#define ONNXPRUNE_MMA_SP "mma.sp.sync.aligned.m16n8k32.row.col.f32."
#endif
#define ONNXPRUNE_MMA_PAIRS(types, selector)                                                                       \
  asm volatile(ONNXPRUNE_MMA_SP types                                                                              \
               ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9, %10, %11}, {%0, %1, %2, %3}, %12, " selector ";" \
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                                    \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(b[2]), "r"(b[3]), "r"(places))
  ONNXPRUNE_DEVICE void mma_pairs(Float16Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[4],
                                  uint32_t places, int selector) const {
    if (selector == 0)
      ONNXPRUNE_MMA_PAIRS("f16.f16", "0x0");
    else
      ONNXPRUNE_MMA_PAIRS("f16.f16", "0x1");
  }
  ONNXPRUNE_DEVICE void mma_pairs(BFloat16Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[4],
                                  uint32_t places, int selector) const {
    if (selector == 0)
      ONNXPRUNE_MMA_PAIRS("bf16.bf16", "0x0");
    else
      ONNXPRUNE_MMA_PAIRS("bf16.bf16", "0x1");
  }
#undef ONNXPRUNE_MMA_PAIRS
#undef ONNXPRUNE_MMA_SP

 private:
  static ONNXPRUNE_DEVICE uint32_t address(const void* shared) {
    return static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  }
};

}  // namespace onnxprune::cuda
