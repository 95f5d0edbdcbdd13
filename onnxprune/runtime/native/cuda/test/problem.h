// A random product in the numbers of a GPU, and what it should be.
#pragma once

#include "cuda/multiplier.h"
#include "kernels/test/problem.h"

namespace onnxprune::cuda {

enum class Place { emulated, gpu };

// Where kernels can run here.
std::vector<Place> places();

// The same as Problem, with X, W and the epilogue rounded to a type first.
class HalfProblem {
 public:
  HalfProblem(Random& random, const Shape& shape, Number number);

  // The empty string, or what differs.
  std::string run(Place place, Random& random) const;

 private:
  std::string compare(const std::vector<float>& y, const std::string& kernel) const;

  Problem problem_;
  Number number_;
  std::vector<double> expected_, magnitude_;
};

}  // namespace onnxprune::cuda
