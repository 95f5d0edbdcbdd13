// Times the kernels alone: how near they come to the processor's limits. Against ONNX Runtime: tools/bench_sparse.py.
//   onnxprune_bench OUTPUTSxINPUTS[:int8] [zeros [k n [m ...]]]
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/aligned.h"
#include "kernels/test/problem.h"

using namespace onnxprune;

namespace {

// Of this thread alone, so that a busy machine disturbs little.
double seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

struct Call {
  const Spmm& spmm;
  Aligned<float> x, y, scratch;
  int64_t m;

  Call(const Spmm& s, int64_t rows)
      : spmm(s), x(rows * s.k()), y(rows * s.n()), scratch(s.scratch_bytes(rows, 1) / sizeof(float)), m(rows) {
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 97) - 40.0f;
  }
  void operator()() { spmm.run(x.data(), m, y.data(), {}, {}, scratch.data()); }
};

// The best and the median of 15 samples of at least 2 ms, in seconds per call.
std::pair<double, double> timed(Call& call) {
  std::vector<double> samples;
  call();
  for (int sample = 0; sample < 15; ++sample) {
    int64_t calls = 0;
    const double start = seconds();
    double now = start;
    for (; now - start < 2e-3; now = seconds(), ++calls) call();
    samples.push_back((now - start) / calls);
  }
  std::sort(samples.begin(), samples.end());
  return {samples.front(), samples[samples.size() / 2]};
}

}  // namespace

int main(int count, char** arguments) {
  int outputs = 16, inputs = 1;
  const bool int8 = count > 1 && std::strstr(arguments[1], ":int8");
  if (count < 2 || std::sscanf(arguments[1], "%dx%d", &outputs, &inputs) != 2)
    return std::puts("usage: OUTPUTSxINPUTS[:int8] [zeros [k n [m ...]]]"), 2;
  const double zeros = count > 2 ? std::atof(arguments[2]) : 0.9;
  const int64_t k = count > 4 ? std::atoll(arguments[3]) : 768, n = count > 4 ? std::atoll(arguments[4]) : 768;
  std::vector<int64_t> ms;
  for (int i = 5; i < count; ++i) ms.push_back(std::atoll(arguments[i]));
  if (ms.empty()) ms = {1, 8, 32, 128, 384};
  Random random(1);
  const Problem problem(random, {1, k, n, outputs, inputs, 0, 0, 1 - zeros, 1, int8});
  const auto spmm = Spmm::create(problem.packed());
  for (int64_t m : ms) {
    Call call(*spmm, m);
    const auto [best, middle] = timed(call);
    const double flops = 2.0 * m * problem.weight.shape.stored * outputs * inputs;
    std::printf("%-16s %dx%d %4.0f %% zeros  %5ld x %5ld  M %4ld: %9.2f us, %6.1f GFLOP/s (median %.2f us)\n",
                spmm->kernel(m), outputs, inputs, 100 * zeros, static_cast<long>(k), static_cast<long>(n),
                static_cast<long>(m), best * 1e6, flops / best * 1e-9, middle * 1e6);
  }
  return 0;
}
