#include "cuda/memory.cuh"
#include "cuda/test/gpu.h"

namespace onnxprune::cuda {
namespace {

constexpr size_t kOffsets = 256;  // what cudaMalloc's addresses are multiples of

// An array of the host on the GPU, as far behind a vector as it is there.
class Copied {
 public:
  Copied(const void* host, int64_t bytes) : bytes_(bytes) {
    if (!host) return;
    must(cudaMalloc(&memory_, bytes + kOffsets), "no memory for a test");
    data_ = static_cast<char*>(memory_) + reinterpret_cast<uintptr_t>(host) % sizeof(Sixteen);
    must(cudaMemcpy(data_, host, bytes, cudaMemcpyHostToDevice), "a test's numbers can't be copied");
  }
  ~Copied() { cudaFree(memory_); }
  Copied(const Copied&) = delete;
  Copied& operator=(const Copied&) = delete;

  void* data() const { return data_; }
  void back(void* host) const { must(cudaMemcpy(host, data_, bytes_, cudaMemcpyDeviceToHost), "a kernel failed"); }

 private:
  void* memory_ = nullptr;
  char* data_ = nullptr;
  int64_t bytes_;
};

}  // namespace

bool has_gpu() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}

std::string run_on_gpu(const Packed& packed, Number number, const Call& call, const Sizes& sizes) {
  const int64_t size = size_of(number);
  const Copied x(call.x, sizes.x * size), y(call.y, sizes.y * size), bias(call.bias, sizes.bias * size),
      residual(call.residual, sizes.residual * size);
  const auto multiplier = Multiplier::create(packed, number);
  Call there = call;
  there.x = x.data(), there.y = y.data(), there.bias = bias.data(), there.residual = residual.data();
  multiplier->run(there);
  y.back(call.y);
  return multiplier->name();
}

}  // namespace onnxprune::cuda
