// Memory of the GPU, and CUDA's errors as exceptions.
#pragma once

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace onnxprune::cuda {

inline void must(cudaError_t error, const char* what) {
  if (error != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
}

// An array on the GPU that stays as it was made.
template <class T>
class OnGpu {
 public:
  OnGpu() = default;
  explicit OnGpu(const std::vector<T>& host) : bytes_(host.size() * sizeof(T)) {
    if (!bytes_) return;
    void* data = nullptr;
    must(cudaMalloc(&data, bytes_), "no memory on the GPU for a sparse weight");
    data_ = static_cast<T*>(data);
    must(cudaMemcpy(data_, host.data(), bytes_, cudaMemcpyHostToDevice), "a sparse weight can't be copied to the GPU");
  }
  OnGpu(OnGpu&& other) noexcept : data_(other.data_), bytes_(other.bytes_) { other.data_ = nullptr, other.bytes_ = 0; }
  OnGpu& operator=(OnGpu&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~OnGpu() { cudaFree(data_); }

  const T* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  T* data_ = nullptr;
  size_t bytes_ = 0;
};

// Working memory that comes and goes in the order of a stream.
class StreamMemory {
 public:
  StreamMemory(size_t bytes, void* stream) : stream_(static_cast<cudaStream_t>(stream)) {
    must(cudaMallocAsync(&data_, bytes, stream_), "no working memory on the GPU");
  }
  ~StreamMemory() { cudaFreeAsync(data_, stream_); }
  StreamMemory(const StreamMemory&) = delete;
  StreamMemory& operator=(const StreamMemory&) = delete;
  char* data() const { return static_cast<char*>(data_); }

 private:
  void* data_ = nullptr;
  cudaStream_t stream_;
};

}  // namespace onnxprune::cuda
