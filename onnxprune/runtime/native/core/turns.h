// Work that is cut into pieces, which workers take by turns.
//
// Whoever is free takes the next piece: a worker that wakes up late, or is held up, leaves more to the others, and
// pieces needn't be equal.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "core/denormals.h"
#include "core/parallel.h"

namespace onnxprune {

class Pieces {
 public:
  explicit Pieces(int64_t count) : count_(count) {}

  // The next piece, unless all are taken.
  bool take(int64_t* piece) {
    *piece = next_.fetch_add(1, std::memory_order_relaxed);
    return *piece < count_;
  }

 private:
  std::atomic<int64_t> next_{0};
  int64_t count_;
};

// Pieces that all must be done before what comes next. Workers that come later find less to do, or nothing.
class Stage {
 public:
  explicit Stage(int64_t count) : pieces_(count), left_(count) {}

  // Calls work(piece) for every piece that nobody else has taken; returns when all are done.
  template <class Work>
  void run(const Work& work) {
    for (int64_t piece; pieces_.take(&piece); left_.fetch_sub(1, std::memory_order_release)) work(piece);
    for (int patience = kPatience; left_.load(std::memory_order_acquire) > 0; --patience)
      if (patience < 0) std::this_thread::yield();
  }

 private:
  static constexpr int kPatience = 100'000;  // looks before it lets other programs run, some tens of microseconds

  Pieces pieces_;
  std::atomic<int64_t> left_;
};

// Of its own, a worker may have nothing.
struct Nothing {
  Nothing operator()(int64_t) const { return {}; }
};

// Calls work(own, piece) once for every piece, on up to `workers` threads; `own` is what start(worker) gives, called
// once by every worker that turns up. Subnormals are flushed meanwhile.
template <class Start, class Work>
void by_turns(const ParallelFor& parallel, int64_t workers, int64_t count, const Start& start, const Work& work) {
  struct Call {
    const Start& start;
    const Work& work;
    Pieces pieces;
  } call{start, work, Pieces(count)};
  parallel(
      static_cast<size_t>(workers),
      [](void* arg, size_t worker) {
        Call& call = *static_cast<Call*>(arg);
        const FlushSubnormals guard;
        auto own = call.start(static_cast<int64_t>(worker));
        for (int64_t piece; call.pieces.take(&piece);) call.work(own, piece);
      },
      &call);
}

}  // namespace onnxprune
