// A random product and what it should be.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "kernels/spmm.h"
#include "pack/dense.h"

namespace onnxprune {

using Random = std::mt19937;

int64_t between(Random& random, int64_t low, int64_t high);

std::vector<float> normal(Random& random, int64_t count);

struct Shape {
  int64_t m, k, n;
  int64_t block_out, block_in;  // of blocks
  int64_t kept, group;          // of N:M, or zeros
  double density;               // of blocks: the share that is not zero
  int64_t alike = 1;            // strips that have their blocks at the same inputs
  bool int8 = false;            // the weight, whole numbers then; `extreme`: only the largest, and rows of X to match
  bool extreme = false;
  std::string text() const;
};

// A weight, inputs, and every part of an epilogue at random.
struct Problem {
  // x: the inputs, if they aren't to be drawn.
  Problem(Random& random, const Shape& shape, const std::vector<float>* x = nullptr);

  // The empty string, or what differs. threads: 1 is the caller's alone.
  std::string run(const Spmm& spmm, int threads) const;
  // What differs in a result y [m, n].
  std::string differs(const Spmm& spmm, const std::vector<float>& y) const;
  // The same of an image, drawn at random, whose windows are the rows; m is its output pixels.
  std::string convolve(const Spmm& spmm, const Planes& planes, Random& random, int threads) const;
  Packed packed() const;

  Shape shape;
  Storage weight;
  std::vector<uint16_t> short_index;  // used instead of the weight's where it isn't empty
  std::vector<float> x, bias, residual;
  Epilogue epilogue;
  std::vector<double> expected, magnitude;
};

}  // namespace onnxprune
