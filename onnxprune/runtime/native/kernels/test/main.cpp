// Holds every kernel that this processor can run against the float64 reference, on random problems.
//   onnxprune_test [problems [seed]]
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "kernels/test/problem.h"
#include "kernels/test/siblings.h"

using namespace onnxprune;

namespace {

const int64_t kBlocks[][2] = {{64, 1}, {32, 1},  {16, 1}, {8, 1},  {4, 1},  {8, 8}, {1, 16},
                              {1, 1},  {128, 1}, {48, 1}, {24, 1}, {4, 4},  {2, 1}, {1, 4},
                              {5, 3},  {16, 16}, {96, 2}, {32, 4}, {16, 4}, {8, 4}, {64, 4}};
const int64_t kGroups[][2] = {{2, 4}, {1, 4}, {4, 8}, {1, 2}, {3, 7}, {4, 4}};

// Mostly small, seldom as large as several caches' blocks of a kernel.
int64_t extent(Random& random, int64_t small, int64_t large) {
  return between(random, 0, 5) ? between(random, 1, small) : between(random, 1, large);
}

Shape draw(Random& random) {
  Shape s{};
  s.alike = 1;
  s.m = extent(random, 40, 200), s.k = extent(random, 100, 1700), s.n = extent(random, 150, 400);
  s.block_out = s.block_in = 1;
  s.density = between(random, 0, 10) / 10.0;
  if (between(random, 0, 5) == 0) {
    const auto& group = kGroups[between(random, 0, std::size(kGroups) - 1)];
    s.kept = group[0], s.group = group[1];
  } else {
    const auto& block = kBlocks[between(random, 0, std::size(kBlocks) - 1)];
    s.block_out = block[0], s.block_in = block[1];
    if (between(random, 0, 3) == 0) s.alike = between(random, 2, 16);
  }
  s.int8 = between(random, 0, 1);
  s.extreme = s.int8 && between(random, 0, 3) == 0;
  return s;
}

std::vector<Features> levels() {
  const Features all = Features::detect();
  std::vector<Features> levels{all.limited("generic")};
  if (all.neon) levels.push_back(all.limited("neon"));
  if (all.i8mm) levels.push_back(all);
  if (all.avx2) levels.push_back(all.limited("avx2"));
  if (all.avx512) levels.push_back(all);
  return levels;
}

int failures = 0;

void report(const std::string& difference) {
  if (difference.empty()) return;
  ++failures;
  std::fprintf(stderr, "FAILED%s\n", difference.c_str());
}

void products(int count, Random& random) {
  for (int i = 0; i < count; ++i) {
    const Problem problem(random, draw(random));
    for (const Features& level : levels()) {
      const auto spmm = Spmm::create(problem.packed(), level);
      report(problem.run(*spmm, static_cast<int>(between(random, 1, 3))));
    }
  }
}

// Images of all sizes, windows that reach over their edges, steps that leave pixels out; many windows of one pixel and
// windows that stay inside, for which the image is read as it lies.
Planes draw_planes(Random& random, int64_t channels, int64_t least = 1) {
  Planes p{channels, {}, {}, {}, {}, {}, {}};
  const bool pixels = between(random, 0, 3) == 0, inside = pixels || between(random, 0, 3) == 0;
  for (int axis = 0; axis < 2; ++axis) {
    p.window[axis] = pixels ? 1 : between(random, 1, 3), p.stride[axis] = inside ? 1 : between(random, 1, 3);
    p.dilation[axis] = between(random, 1, 2), p.pad[axis] = inside ? 0 : between(random, 0, 3);
    const int64_t reach = (p.window[axis] - 1) * p.dilation[axis] + 1,
                  behind = inside && between(random, 0, 1) ? 0 : between(random, 0, 3);
    p.size[axis] = reach + std::max(least, extent(random, 12, 40)) - 1;
    p.out[axis] = (p.size[axis] + p.pad[axis] + behind - reach) / p.stride[axis] + 1;
  }
  return p;
}

void convolve(Random& random, const Planes& planes, int64_t outputs) {
  const auto& block = kBlocks[between(random, 0, std::size(kBlocks) - 1)];
  const Shape shape{planes.pixels(), planes.inputs(), outputs, block[0], block[1], 0, 0, 0.4, 1};
  const Problem problem(random, shape);
  for (const Features& level : levels()) {
    const auto spmm = Spmm::create(problem.packed(), level);
    if (spmm->convolves()) report(problem.convolve(*spmm, planes, random, static_cast<int>(between(random, 1, 3))));
  }
}

// One in forty has so many channels that an image is read in several strips.
void convolutions(int count, Random& random) {
  for (int i = 0; i < count; ++i) {
    if (i % 40)
      convolve(random, draw_planes(random, between(random, 1, 20)), between(random, 1, 150));
    else
      convolve(random, draw_planes(random, between(random, 200, 400), 14), between(random, 1, 20));
  }
}

void siblings(int count, Random& random) {
  for (int i = 0; i < count; ++i) {
    std::vector<Shape> shapes;
    for (int64_t left = between(random, 1, 5); left; --left) shapes.push_back(draw(random));
    for (const Features& level : levels())
      report(siblings_differ(random, shapes, level, static_cast<int>(between(random, 1, 3))));
  }
}

// Several threads, one object, each with a scratch of its own.
void concurrent(const Problem& problem) {
  const auto spmm = Spmm::create(problem.packed());
  std::vector<std::string> differences(4);
  std::vector<std::thread> threads;
  for (std::string& difference : differences)
    threads.emplace_back([&] {
      for (int i = 0; i < 5 && difference.empty(); ++i) difference = problem.run(*spmm, 1 + i % 2);
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& difference : differences) report(difference);
}

void concurrent(Random& random) {
  for (int64_t block : {64, 16, 4, 1}) {
    const Problem problem(random, {33, 300, 200, block, 1, 0, 0, 0.3, 1});
    concurrent(problem);
  }
  for (int64_t block_in : {1, 4}) concurrent(Problem(random, {33, 1200, 200, 32, block_in, 0, 0, 0.9, 1, true}));
}

void refused(const char* what, const Packed& packed) {
  try {
    Spmm::create(packed);
  } catch (const std::invalid_argument&) {
    return;
  }
  report(std::string(" ") + what + " was not refused");
}

void refusals(Random& random) {
  const Problem problem(random, {1, 32, 32, 4, 1, 0, 0, 1.0, 1});
  const Packed good = problem.weight.view();
  Packed bad = good;
  bad.stored -= 1;
  refused("an index shorter than the pointer says", bad);
  bad = good, bad.k = 16;
  refused("an index beyond k", bad);
  bad = good, bad.index_type = IndexType::u8;
  refused("an index of bytes", bad);
  bad = good, bad.dtype = WeightType::int8;
  refused("int8 without scales", bad);
}

}  // namespace

int main(int count, char** arguments) {
  const int problems = count > 1 ? std::atoi(arguments[1]) : 300;
  Random random(count > 2 ? std::atoi(arguments[2]) : 1);
  products(problems, random);
  convolutions(problems / 3, random);
  siblings(problems / 3, random);
  concurrent(random);
  refusals(random);
  std::printf("%d problems, up to %s: %d failed\n", problems, Features::detect().name(), failures);
  return failures ? 1 : 0;
}
