// What the CUDA kernels multiply, and how their tensor cores want it: one struct for each type of X.
#pragma once

#include <cstdint>

#include "core/half.h"

// The kernels' bodies are templates over a device: the GPU (device/gpu.cuh), or an emulated one on the host
// (test/emulated.h), which is how they are proved where there is none. Loops over what
// lies in registers are unrolled, since registers can't be indexed.
#ifdef __CUDACC__
#define ONNXPRUNE_BOTH __host__ __device__ __forceinline__
#define ONNXPRUNE_DEVICE __device__ __forceinline__
#define ONNXPRUNE_UNROLL _Pragma("unroll")
#define ONNXPRUNE_ROLLED _Pragma("unroll 1")
#else
#define ONNXPRUNE_BOTH inline
#define ONNXPRUNE_DEVICE inline
#define ONNXPRUNE_UNROLL
#define ONNXPRUNE_ROLLED
#endif

namespace onnxprune::cuda {

// Types of X, Y, bias and residual.
enum class Number : int32_t { f32 = 0, f16 = 1, bf16 = 2 };

inline int64_t size_of(Number number) { return number == Number::f32 ? 4 : 2; }

constexpr int kLanes = 32;
constexpr int kRows = 16;   // outputs of an mma
constexpr int kTokens = 8;  // and its rows of X
constexpr int kWords = 4;   // of 32 bits, that a lane holds of the weight

// What a lane reads or writes at once.
struct alignas(16) Sixteen {
  uint32_t word[4];
};

// A float32's bits with ten of fraction, halves away from zero: what tensor cores multiply. NaN and infinity stay.
ONNXPRUNE_BOTH uint32_t tf32(uint32_t bits) {
  return (bits & 0x7f800000) == 0x7f800000 ? bits : (bits + 0x1000) & ~0x1fffu;
}

// An mma takes kUnits units of the inputs: a unit is one input (half, tf32), or four neighbours (bytes), which is what
// the weight may leave out.
struct Float16Mma {
  using X = Float16;
  using Sum = float;
  static constexpr int kUnits = 16, kInputs = 1;
};
struct BFloat16Mma {
  using X = BFloat16;
  using Sum = float;
  static constexpr int kUnits = 16, kInputs = 1;
};
struct Tf32Mma {
  using X = float;
  using Sum = float;
  static constexpr int kUnits = 8, kInputs = 1;
};
struct ByteMma {  // signed weights, unsigned X
  using X = uint32_t;
  using Sum = int32_t;
  static constexpr int kUnits = 8, kInputs = 4;
};

}  // namespace onnxprune::cuda
