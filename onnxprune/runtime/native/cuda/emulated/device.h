// The device that kernels' bodies are templates over, on the host: device/gpu.cuh, instruction by instruction, as
// NVIDIA's PTX manual defines them. Sums are taken in float64 and rounded once, so that only the kernels' own rounding
// is seen.
#pragma once

#include <functional>

#include "cuda/emulated/block.h"

namespace onnxprune::cuda {

class Emulated {
 public:
  Emulated(Block& block, int thread, int64_t x, int64_t y) : block_(block), thread_(thread), x_(x), y_(y) {}

  int thread() const { return thread_; }
  int threads() const { return static_cast<int>(block_.warps.size()) * kLanes; }
  int lane() const { return thread_ % kLanes; }
  int warp() const { return thread_ / kLanes; }
  int64_t block_x() const { return x_; }
  int64_t block_y() const { return y_; }
  void* shared() const { return block_.shared.data(); }

  void sync();
  void sync_warp();
  float from_lane(float v, int lane);
  Sixteen load_sixteen(const void* from);
  void load_four(const uint32_t* from, uint32_t (&to)[4]);
  void load_matrices(const void* row, uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d);
  void load_transposed(const void* row, uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d);

  void copy_sixteen(void* to, const void* from);
  void commit_copies();
  void wait_for_copies() { finish_copies(0); }
  void wait_for_copies_but_one() { finish_copies(1); }

  void mma(Float16Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
  void mma(BFloat16Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
  void mma(Tf32Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
  void mma(ByteMma, int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
  void mma_pairs(Float16Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[4], uint32_t places,
                 int selector);
  void mma_pairs(BFloat16Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[4], uint32_t places,
                 int selector);

 private:
  struct Copy {
    void* to;
    const void* from;
  };

  Warp& own() { return block_.warps[warp()]; }
  void bring(const void* what, const void* words, size_t bytes);
  void leave(const void* what);
  std::array<uint32_t, 4> rows(const void* what, const void* row, bool transposed);
  void finish_copies(size_t but);
  template <class T, int kInputs, class Sum>
  void multiply(const void* what, Sum (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
  template <class T>
  void multiply_pairs(const void* what, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[4], uint32_t places,
                      int selector);

  Block& block_;
  int thread_;
  int64_t x_, y_;
  std::vector<std::vector<Copy>> under_way_;
  std::vector<Copy> uncommitted_;
};

// A grid of blocks, one after the other. body(device) is called for every thread.
void emulate(int64_t blocks_x, int64_t blocks_y, int warps, int64_t shared_bytes,
             const std::function<void(Emulated&)>& body);

}  // namespace onnxprune::cuda
