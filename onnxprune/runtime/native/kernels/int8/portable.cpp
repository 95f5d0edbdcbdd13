#include <algorithm>

#include "core/aligned.h"
#include "core/split.h"
#include "core/turns.h"
#include "kernels/finish/finish.h"
#include "kernels/int8/int8.h"
#include "kernels/int8/rows.h"

namespace onnxprune::int8 {
namespace {

// All rows are quantised first; then strips are outer and rows inner.
class Portable : public Kernel {
 public:
  explicit Portable(const Packed& packed) : p_(packed) {}

  const char* name(int64_t) const override { return "int8/generic"; }
  bool borrows() const override { return true; }
  size_t owned_bytes() const override { return 0; }
  size_t scratch_bytes(int64_t m, int) const override { return rows_bytes(m) + m * p_.k; }
  int64_t cost(int64_t m) const override { return 8 * m * p_.stored * (p_.grouped() ? 1 : p_.block_size()); }
  void run(const Job& job) const override;

 private:
  struct Rounded {
    const Row* rows;
    const uint8_t* x;
  };

  static size_t rows_bytes(int64_t m) { return round_up(m * sizeof(Row), kCacheLine); }
  int64_t strips() const { return p_.grouped() ? p_.n : p_.strips(); }
  void strip(const Job& job, const Rounded& rounded, int64_t s) const;
  int64_t column(int64_t o, const uint8_t* x, int32_t zero) const;
  int64_t grouped_column(int64_t o, const uint8_t* x, int32_t zero) const;
  const int8_t* values() const { return static_cast<const int8_t*>(p_.values); }

  Packed p_;
};

// The sum over the inputs of output o.
int64_t Portable::column(int64_t o, const uint8_t* x, int32_t zero) const {
  const int64_t s = o / p_.block_out;
  int64_t sum = 0;
  for (int64_t b = p_.pointer[s]; b < p_.pointer[s + 1]; ++b) {
    const int64_t first = p_.index_at(b) * p_.block_in, height = std::min(p_.block_in, p_.k - first);
    const int8_t* w = values() + b * p_.block_size() + o % p_.block_out;
    for (int64_t i = 0; i < height; ++i) sum += (x[first + i] - zero) * w[i * p_.block_out];
  }
  return sum;
}

int64_t Portable::grouped_column(int64_t o, const uint8_t* x, int32_t zero) const {
  const int64_t slots = p_.groups() * p_.kept;
  int64_t sum = 0;
  for (int64_t at = o * slots; at < (o + 1) * slots; ++at) {
    const int64_t i = (at - o * slots) / p_.kept * p_.group + p_.index_at(at);
    if (i < p_.k) sum += (x[i] - zero) * values()[at];
  }
  return sum;
}

void Portable::strip(const Job& job, const Rounded& rounded, int64_t s) const {
  const int64_t first = s * p_.block_out, width = std::min(p_.block_out, p_.n - first);
  for (int64_t row = 0; row < job.m; ++row) {
    const uint8_t* x = rounded.x + row * p_.k;
    const Row& of = rounded.rows[row];
    float* y = job.y + row * p_.n;
    for (int64_t o = first; o < first + width; ++o) {
      const int64_t sum = p_.grouped() ? grouped_column(o, x, of.zero) : column(o, x, of.zero);
      y[o] = static_cast<float>(sum) * of.scale * p_.scales[o] + (job.epilogue.bias ? job.epilogue.bias[o] : 0.0f);
    }
  }
  if (job.epilogue.finishes())
    finish_generic(tile_at(job.y, p_.n, job.epilogue, 0, first, job.m, width), job.epilogue.act);
}

void Portable::run(const Job& job) const {
  Row* rows = static_cast<Row*>(job.scratch);
  uint8_t* x = static_cast<uint8_t*>(job.scratch) + rows_bytes(job.m);
  Stage rounding(job.m);
  const auto start = [&](int64_t) {
    rounding.run([&](int64_t r) { rows[r] = quantise_row(job.x + r * p_.k, p_.k, x + r * p_.k); });
    return Rounded{rows, x};
  };
  const int64_t team = workers(cost(job.m), job.parallel), parts = pieces(cost(job.m), team);
  by_turns(job.parallel, team, parts, start, [&](const Rounded& rounded, int64_t i) {
    const Range range = share(strips(), parts, i);
    for (int64_t s = range.begin; s < range.end; ++s) strip(job, rounded, s);
  });
}

}  // namespace

std::unique_ptr<const Kernel> portable_kernel(const Packed& packed) { return std::make_unique<Portable>(packed); }

}  // namespace onnxprune::int8
