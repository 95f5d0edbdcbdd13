#include "cuda/device/gpu.cuh"
#include "cuda/multiplier.h"
// after the GPU's types
#include "cuda/memory.cuh"
#include "cuda/multiply.h"

namespace onnxprune::cuda {
namespace {

template <class Work>
__global__ void __launch_bounds__(Work::kWarps* kLanes) start(const Work work) {
  Gpu gpu;
  work(gpu);
}

struct Cuda {
  using Device = Gpu;
  template <class T>
  using Array = OnGpu<T>;
  using Scratch = StreamMemory;
  static constexpr int64_t kMostPanels = 65535;

  static int64_t shared_bytes() {
    int device = 0, most = 0;
    must(cudaGetDevice(&device), "there is no GPU");
    must(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device), "the GPU can't be asked");
    return most;
  }

  template <class Work>
  static void launch(int64_t x, int64_t y, int64_t shared, void* stream, const Work& work) {
    const auto bytes = static_cast<int>(shared);
    const dim3 grid(static_cast<unsigned>(x), static_cast<unsigned>(y));
    must(cudaFuncSetAttribute(start<Work>, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes),
         "the GPU has too little shared memory");
    start<Work><<<grid, Work::kWarps * kLanes, bytes, static_cast<cudaStream_t>(stream)>>>(work);
    must(cudaGetLastError(), "a sparse kernel can't be started");
  }
};

}  // namespace

std::unique_ptr<const Multiplier> Multiplier::create(const Packed& packed, Number number) {
  return create_on<Cuda>(packed, number);
}

}  // namespace onnxprune::cuda
