// The threads of one block of a GPU, on one thread of the host: each has a stack of its own, and runs until it waits
// for others. A warp goes as far as it can before the next one begins, so that what it reads too early, or overwrites
// too early, is wrong every time.
#pragma once

#include <ucontext.h>

#include <functional>
#include <memory>
#include <vector>

namespace onnxprune::cuda {

class Lanes {
 public:
  // count: a multiple of 32.
  explicit Lanes(int count);

  // Calls body(i) for every thread i, each on its own stack. backwards: the last warp goes first. Throws
  // std::runtime_error where threads that wait are waiting for ones that are gone, and what a body throws.
  void run(const std::function<void(int)>& body, bool backwards);

  // Within a body: lets the others run until `done`, which only they can bring about.
  template <class Done>
  void wait_until(const Done& done) {
    while (!done()) yield();
    ++progress_;
  }

 private:
  struct Lane {
    ucontext_t context;
    std::unique_ptr<char[]> stack;
    void* sanitizer = nullptr;  // AddressSanitizer's notes on the stack
    bool over = false;
  };

  // Whether any of a warp's threads aren't over.
  bool run_warp(int warp);
  void yield();
  void resume(Lane& lane);
  void enter();
  static void start();

  std::vector<Lane> lanes_;
  ucontext_t home_;
  void* home_sanitizer_ = nullptr;
  const void* home_bottom_ = nullptr;
  size_t home_size_ = 0;
  int current_ = 0;
  uint64_t progress_ = 0;
  const std::function<void(int)>* body_ = nullptr;
  std::exception_ptr failure_;
};

}  // namespace onnxprune::cuda
