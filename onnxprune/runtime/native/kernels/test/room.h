// Memory for kernels under test.
#pragma once

#include <vector>

#include "core/aligned.h"

namespace onnxprune {

// Scratch of exactly the size asked for, so that a sanitizer sees a kernel that takes more.
class Room {
 public:
  explicit Room(size_t bytes) : memory_(bytes + kCacheLine) {
    const auto at = reinterpret_cast<uintptr_t>(memory_.data());
    offset_ = round_up(at, kCacheLine) - at;
    memory_.resize(bytes + offset_);
  }
  char* scratch() { return memory_.data() + offset_; }

 private:
  std::vector<char> memory_;
  size_t offset_;
};

}  // namespace onnxprune
