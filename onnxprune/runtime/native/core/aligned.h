// Arrays that begin on a cache line.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace onnxprune {

constexpr size_t kCacheLine = 64;

constexpr size_t round_up(size_t n, size_t step) { return (n + step - 1) / step * step; }

// n elements of a trivial type, not initialised, with kPadding readable bytes behind them.
template <class T>
class Aligned {
 public:
  static constexpr size_t kPadding = 64;

  Aligned() = default;
  explicit Aligned(size_t n) : size_(n) {
    data_ = static_cast<T*>(std::aligned_alloc(kCacheLine, round_up(n * sizeof(T) + kPadding, kCacheLine)));
    if (!data_) throw std::bad_alloc();
  }
  Aligned(Aligned&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Aligned& operator=(Aligned&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  Aligned(const Aligned&) = delete;
  Aligned& operator=(const Aligned&) = delete;
  ~Aligned() { std::free(data_); }

  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  size_t size() const { return size_; }
  size_t bytes() const { return size_ * sizeof(T); }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace onnxprune
