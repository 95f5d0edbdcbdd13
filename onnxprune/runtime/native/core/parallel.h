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

  void operator()(size_t n, void (*fn)(void* arg, size_t i), void* arg) const {
    if (run && threads > 1 && n > 1) return run(ctx, fn, n, arg);
    for (size_t i = 0; i < n; ++i) fn(arg, i);
  }
};

}  // namespace onnxprune
