// Several weights that multiply the same X, as layers do that read one tensor.
#pragma once

#include <vector>

#include "kernels/spmm.h"

namespace onnxprune {

namespace int8 {
struct Tiles;
}

// What Spmm::run does, for all of them at once: rows of X are quantised once for all int8 weights, and all work is
// shared out together. int8 results are the same to the bit. Constant after creation, as an Spmm is.
class Siblings {
 public:
  static constexpr size_t kMost = 8;

  // 1 to kMost weights of as many inputs, which must outlive this.
  explicit Siblings(std::vector<const Spmm*> members);

  struct Product {
    float* y;
    Epilogue epilogue;
  };

  // As those of Spmm; products: one for every member.
  size_t scratch_bytes(int64_t m, int threads) const;
  void run(const float* x, int64_t m, const Product* products, const ParallelFor& parallel, void* scratch) const;

 private:
  struct Call;
  size_t numbers_bytes(int64_t m) const;

  std::vector<const Spmm*> members_;
  const int8::Tiles* quantises_ = nullptr;  // those of the members that share numbers, if there are several
};

}  // namespace onnxprune
