// How kernels are given threads: they own none.
#pragma once

#include <cstddef>

namespace onnxprune {

// run(ctx, fn, n, arg) calls fn(arg, i) once for every i < n, on up to `threads` threads, and returns when all are
// done. The default runs everything on the caller's thread.
struct ParallelFor {
  void* ctx = nullptr;
  void (*run)(void* ctx, void (*fn)(void* arg, size_t i), size_t n, void* arg) = nullptr;
  int threads = 1;
  bool awake = false;  // the threads are at work anyway: little work is shared out too
  bool alone = false;  // run is called for a single task too

  void operator()(size_t n, void (*fn)(void* arg, size_t i), void* arg) const {
    if (run && (n > 1 || alone)) return run(ctx, fn, n, arg);
    for (size_t i = 0; i < n; ++i) fn(arg, i);
  }
};

}  // namespace onnxprune
