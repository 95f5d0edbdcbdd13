// Threads for tests: new ones for every call, so that a sanitizer sees every hand-over.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "core/parallel.h"

namespace onnxprune {

inline void run_on_new_threads(void* ctx, void (*fn)(void* arg, size_t i), size_t n, void* arg) {
  const int count = *static_cast<const int*>(ctx);
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i; (i = next++) < n;) fn(arg, i);
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < count; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
}

// *threads must outlive the result.
inline ParallelFor new_threads(int* threads) { return {threads, run_on_new_threads, *threads}; }

}  // namespace onnxprune
