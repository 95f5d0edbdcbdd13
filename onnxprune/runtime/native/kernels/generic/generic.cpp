#include "kernels/generic/generic.h"

#include <algorithm>

#include "core/split.h"
#include "core/turns.h"
#include "kernels/finish/finish.h"

namespace onnxprune {
namespace {

// Strips are outer and rows inner, so that a strip's weights stay in the first cache.
class Generic : public Kernel {
 public:
  explicit Generic(const Packed& packed) : p_(packed) {}

  const char* name(int64_t) const override { return "generic"; }
  bool borrows() const override { return true; }
  size_t owned_bytes() const override { return 0; }
  size_t scratch_bytes(int64_t, int) const override { return 0; }
  int64_t cost(int64_t m) const override { return 8 * m * p_.stored * p_.block_size(); }
  void run(const Job& job) const override;

 private:
  int64_t strips() const { return p_.grouped() ? p_.n : p_.strips(); }
  Range strips_of(int64_t parts, int64_t i) const;
  void strip(const Job& job, int64_t s) const;
  void blocks(int64_t s, const float* x, float* y, int64_t width) const;
  float column(int64_t s, const float* x) const;
  float grouped_column(int64_t o, const float* x) const;

  Packed p_;
};

// y[width] += x[k] times the blocks of a strip.
void Generic::blocks(int64_t s, const float* x, float* y, int64_t width) const {
  for (int64_t b = p_.pointer[s]; b < p_.pointer[s + 1]; ++b) {
    const int64_t first = p_.index_at(b) * p_.block_in, height = std::min(p_.block_in, p_.k - first);
    const float* w = p_.floats() + b * p_.block_size();
    for (int64_t i = 0; i < height; ++i, w += p_.block_out) {
      const float xi = x[first + i];
      for (int64_t o = 0; o < width; ++o) y[o] += xi * w[o];
    }
  }
}

// The same for blocks that are one output wide.
float Generic::column(int64_t s, const float* x) const {
  float sum = 0;
  const float* w = p_.floats() + p_.pointer[s] * p_.block_in;
  for (int64_t b = p_.pointer[s]; b < p_.pointer[s + 1]; ++b, w += p_.block_in) {
    const int64_t first = p_.index_at(b) * p_.block_in, height = std::min(p_.block_in, p_.k - first);
    for (int64_t i = 0; i < height; ++i) sum += x[first + i] * w[i];
  }
  return sum;
}

float Generic::grouped_column(int64_t o, const float* x) const {
  float sum = 0;
  const int64_t slots = p_.groups() * p_.kept;
  const float* w = p_.floats() + o * slots;
  const uint8_t* place = static_cast<const uint8_t*>(p_.index) + o * slots;
  for (int64_t g = 0; g < p_.groups(); ++g)
    for (int64_t j = 0; j < p_.kept; ++j, ++w, ++place) {
      const int64_t i = g * p_.group + *place;
      if (i < p_.k) sum += x[i] * *w;
    }
  return sum;
}

void Generic::strip(const Job& job, int64_t s) const {
  const int64_t first = s * p_.block_out, width = std::min(p_.block_out, p_.n - first);
  for (int64_t row = 0; row < job.m; ++row) {
    const float* x = job.x + row * p_.k;
    float* y = job.y + row * p_.n + first;
    for (int64_t o = 0; o < width; ++o) y[o] = job.epilogue.bias ? job.epilogue.bias[first + o] : 0.0f;
    if (p_.grouped())
      y[0] += grouped_column(s, x);
    else if (p_.block_out == 1)
      y[0] += column(s, x);
    else
      blocks(s, x, y, width);
  }
  if (job.epilogue.finishes())
    finish_generic(tile_at(job.y, p_.n, job.epilogue, 0, first, job.m, width), job.epilogue.act);
}

Range Generic::strips_of(int64_t parts, int64_t i) const {
  if (p_.grouped()) return share(strips(), parts, i);
  return share_by_weight(p_.pointer, strips(), parts, i);
}

void Generic::run(const Job& job) const {
  const int64_t team = workers(cost(job.m), job.parallel), parts = pieces(cost(job.m), team);
  by_turns(job.parallel, team, parts, Nothing{}, [&](const Nothing&, int64_t i) {
    const Range range = strips_of(parts, i);
    for (int64_t s = range.begin; s < range.end; ++s) strip(job, s);
  });
}

}  // namespace

std::unique_ptr<const Kernel> generic_kernel(const Packed& packed) { return std::make_unique<Generic>(packed); }

}  // namespace onnxprune
