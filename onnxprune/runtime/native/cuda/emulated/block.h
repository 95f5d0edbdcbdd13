// What the warps of a block share while it is emulated: barriers, shared memory, and values that lanes hand each other.
#pragma once

#include <array>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "core/aligned.h"
#include "cuda/emulated/lanes.h"
#include "cuda/numbers.h"

namespace onnxprune::cuda {

// What a GPU may do one way or the other, without a kernel noticing.
struct Whim {
  bool backwards = false;  // the last warp goes first
  bool eager = false;      // asynchronous copies are done at once, not at the last moment
};
inline Whim whim;

// All of some threads, none of whom goes on before the last has come.
class Meeting {
 public:
  explicit Meeting(int size) : size_(size) {}

  // what: what this thread takes part in, which must be what the others do. together: run once, by the last one.
  template <class Together>
  void join(Lanes& lanes, const void* what, const Together& together) {
    if (here_ && what != what_) throw std::runtime_error("threads of a warp or block meet in different places");
    what_ = what;
    const uint64_t own = held_;
    if (++here_ == size_) {
      together();
      here_ = 0, ++held_;
    }
    lanes.wait_until([&] { return held_ != own; });
  }

 private:
  int size_, here_ = 0;
  uint64_t held_ = 0;
  const void* what_ = nullptr;
};

struct Warp {
  static constexpr int kMost = 16;  // words that a lane brings to a meeting
  Meeting meeting{kLanes};
  std::array<std::array<uint32_t, kMost>, kLanes> brought;
};

struct Block {
  Block(int warps, int64_t shared_bytes)
      : lanes(warps * kLanes), meeting(warps * kLanes), warps(warps), shared(shared_bytes) {}

  Lanes lanes;
  Meeting meeting;
  std::vector<Warp> warps;
  Aligned<char> shared;
};

}  // namespace onnxprune::cuda
