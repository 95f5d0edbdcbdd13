// The machine of multiply.h without a GPU: the same arrays and blocks, emulated.
#pragma once

#include "cuda/emulated/device.h"
#include "cuda/multiply.h"

namespace onnxprune::cuda {

struct Host {
  using Device = Emulated;
  static constexpr int64_t kMostPanels = 2;  // so that more rows come in parts

  template <class T>
  class Array {
   public:
    Array() = default;
    explicit Array(const std::vector<T>& host) : data_(host.size()) {
      std::copy(host.begin(), host.end(), data_.data());
    }
    const T* data() const { return data_.data(); }
    size_t bytes() const { return data_.bytes(); }

   private:
    Aligned<T> data_;
  };

  class Scratch {
   public:
    Scratch(size_t bytes, void*) : data_(bytes) {}
    char* data() const { return data_.data(); }

   private:
    mutable Aligned<char> data_;
  };

  // What a GPU has that can have less than others (compute capability 8.6), or so little that X comes in many chunks.
  static int64_t shared_bytes() { return little ? 16 << 10 : 99 << 10; }
  static inline bool little = false;

  template <class Work>
  static void launch(int64_t x, int64_t y, int64_t shared, void*, const Work& work) {
    emulate(x, y, Work::kWarps, shared, [&](Emulated& device) { work(device); });
  }
};

}  // namespace onnxprune::cuda
