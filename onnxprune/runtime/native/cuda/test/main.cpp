// Holds the CUDA kernels against the float64 reference, on random problems: on a GPU where the build and the machine
// have one, and always on an emulated one, whose every instruction that lanes do together is the PTX manual's
// definition.
//   onnxprune_cuda_test [problems [seed]]
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "cuda/test/problem.h"

using namespace onnxprune;
using namespace onnxprune::cuda;

namespace {

const int64_t kBlocks[][2] = {{64, 1}, {32, 1}, {16, 1}, {8, 1}, {4, 1}, {1, 1}, {8, 8}, {1, 16}, {32, 4}, {5, 3}};
const int64_t kGroups[][2] = {{2, 4}, {2, 4}, {1, 4}, {1, 2}, {3, 7}, {4, 8}};

Shape draw(Random& random) {
  Shape s{};
  s.alike = 1;
  s.m = between(random, 1, 5) > 1 ? between(random, 1, 80) : between(random, 1, 200);
  s.k = between(random, 1, 200), s.n = between(random, 1, 200);
  if (between(random, 0, 1)) s.k = (s.k + 7) / 8 * 8;
  s.block_out = s.block_in = 1;
  s.density = between(random, 0, 5) / 10.0;
  if (between(random, 0, 2) == 0) {
    const auto& group = kGroups[between(random, 0, std::size(kGroups) - 1)];
    s.kept = group[0], s.group = group[1];
  } else {
    const auto& block = kBlocks[between(random, 0, std::size(kBlocks) - 1)];
    s.block_out = block[0], s.block_in = block[1];
  }
  s.int8 = !s.kept && between(random, 0, 2) == 0;
  s.extreme = s.int8 && between(random, 0, 3) == 0;
  return s;
}

}  // namespace

int main(int count, char** arguments) {
  const int problems = count > 1 ? std::atoi(arguments[1]) : 60;
  Random random(count > 2 ? std::atoi(arguments[2]) : 1);
  int failures = 0;
  for (int i = 0; i < problems; ++i) {
    const HalfProblem problem(random, draw(random), static_cast<Number>(i % 3));
    for (const Place place : places()) {
      const std::string difference = problem.run(place, random);
      if (difference.empty()) continue;
      ++failures;
      std::fprintf(stderr, "FAILED%s\n", difference.c_str());
    }
  }
  std::printf("%d problems, %s: %d failed\n", problems, places().size() > 1 ? "emulated and on a GPU" : "emulated",
              failures);
  return failures ? 1 : 0;
}
