#include "kernels/test/problem.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/reference/reference.h"
#include "kernels/test/pool.h"
#include "kernels/test/room.h"

namespace onnxprune {
namespace {

constexpr double kTolerance = 1e-5;

// W [k, n] with whole blocks of zeros; of the others, a few numbers are zero too.
std::vector<float> sparse(Random& random, const Shape& s) {
  std::vector<float> w = normal(random, s.k * s.n);
  if (s.kept) return w;
  const int64_t columns = (s.n + s.block_out - 1) / s.block_out, rows = (s.k + s.block_in - 1) / s.block_in;
  std::vector<char> stays(rows * columns);
  std::bernoulli_distribution coin(s.density);
  for (char& one : stays) one = coin(random);
  for (int64_t i = 0; i < s.k; ++i)
    for (int64_t o = 0; o < s.n; ++o)
      if (!stays[i / s.block_in * columns + o / s.block_out / s.alike]) w[i * s.n + o] = 0;
  return w;
}

Storage pack(Random& random, const Shape& s) {
  const std::vector<float> w = sparse(random, s);
  Storage packed = s.kept ? pack_grouped(w.data(), s.k, s.n, s.kept, s.group)
                          : pack_blocks(w.data(), s.k, s.n, s.block_out, s.block_in);
  if (!s.int8) return packed;
  packed = quantise(packed.view());
  const int8_t sign = between(random, 0, 1) ? 1 : -1;
  for (size_t i = 0; s.extreme && i < packed.bytes.size(); ++i)
    packed.bytes[i] = static_cast<int8_t>(sign > 0 ? 127 : -128);
  return packed;
}

// Rows of zeros, constant ones, rows whose largest numbers are many, subnormal or huge, and some that aren't finite.
void make_extreme(Random& random, const Shape& s, std::vector<float>& x) {
  constexpr float kMost = 1e30f, kInfinity = std::numeric_limits<float>::infinity();
  const float constants[] = {0.0f, -0.0f, 3.0f, -2.0f, 1e-44f, -1e-38f, 1e30f};
  for (int64_t row = 0; row < s.m; ++row) {
    float* to = x.data() + row * s.k;
    const int64_t kind = between(random, 0, 9);
    if (kind < 7) std::fill_n(to, s.k, constants[kind]);
    if (kind == 7) to[between(random, 0, s.k - 1)] = between(random, 0, 1) ? kInfinity : std::nanf("");
    for (int64_t i = 0; kind == 8 && i < s.k; ++i) to[i] = between(random, 0, 1) ? kMost : -kMost;
  }
}

}  // namespace

int64_t between(Random& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

std::vector<float> normal(Random& random, int64_t count) {
  std::normal_distribution<float> distribution;
  std::vector<float> values(count);
  for (float& value : values) value = distribution(random);
  return values;
}

std::string Shape::text() const {
  const auto word = [](const char* name, int64_t value) {
    return std::string(" ") + name + " " + std::to_string(value);
  };
  return word("m", m) + word("k", k) + word("n", n) + word("block_out", block_out) + word("block_in", block_in) +
         word("kept", kept) + word("group", group) + word("alike", alike) + word("int8", int8) +
         word("extreme", extreme) + " density " + std::to_string(density);
}

Problem::Problem(Random& random, const Shape& s, const std::vector<float>* inputs) : shape(s), weight(pack(random, s)) {
  if (!s.kept && weight.shape.inputs() <= 0xffff && between(random, 0, 1))
    short_index.assign(weight.index.data(), weight.index.data() + weight.index.size());
  x = inputs ? *inputs : normal(random, s.m * s.k);
  if (s.extreme && !inputs) make_extreme(random, s, x);
  bias = normal(random, s.n);
  const int64_t stride = s.n + between(random, 0, 3);
  residual = normal(random, s.m * stride);
  epilogue.act = static_cast<Activation>(between(random, 0, 4));
  if (between(random, 0, 1)) epilogue.bias = bias.data();
  if (between(random, 0, 1)) epilogue.residual = residual.data(), epilogue.residual_stride = stride;
  epilogue.sum_first = between(random, 0, 1);
  expected.resize(s.m * s.n), magnitude.resize(s.m * s.n);
  reference(weight.view(), x.data(), s.m, expected.data(), epilogue, magnitude.data());
}

Packed Problem::packed() const {
  Packed p = weight.view();
  if (!short_index.empty()) p.index_type = IndexType::u16, p.index = short_index.data();
  return p;
}

namespace {

// What gather is asked for, pixel by pixel, for all of an image.
std::vector<float> rows_of(const Planes& p, const std::vector<float>& image) {
  std::vector<float> rows;
  rows.reserve(p.pixels() * p.inputs());
  for (int64_t pixel = 0; pixel < p.pixels(); ++pixel)
    for (int64_t i = 0; i < p.inputs(); ++i) {
      const int64_t b = i % p.window[1], a = i / p.window[1] % p.window[0], c = i / p.window[1] / p.window[0];
      const int64_t y = pixel / p.out[1] * p.stride[0] + a * p.dilation[0] - p.pad[0];
      const int64_t x = pixel % p.out[1] * p.stride[1] + b * p.dilation[1] - p.pad[1];
      const bool inside = y >= 0 && y < p.size[0] && x >= 0 && x < p.size[1];
      rows.push_back(inside ? image[(c * p.size[0] + y) * p.size[1] + x] : 0.0f);
    }
  return rows;
}

}  // namespace

std::string Problem::convolve(const Spmm& spmm, const Planes& planes, Random& random, int threads) const {
  const std::vector<float> image = normal(random, planes.channels * planes.size[0] * planes.size[1]);
  const std::vector<float> rows = rows_of(planes, image);
  const int64_t m = shape.m, n = shape.n;
  std::vector<double> wanted(m * n), bound(m * n);
  reference(weight.view(), rows.data(), m, wanted.data(), epilogue, bound.data());
  std::vector<float> y(m * n, std::numeric_limits<float>::quiet_NaN()), planed(epilogue.residual ? m * n : 0);
  for (size_t i = 0; i < planed.size(); ++i) planed[i] = epilogue.residual[i % m * epilogue.residual_stride + i / m];
  Epilogue lying = epilogue;
  if (lying.residual) lying.residual = planed.data(), lying.residual_stride = m;
  Room room(spmm.planes_scratch_bytes(planes, threads));
  spmm.run_planes(image.data(), planes, y.data(), lying, new_threads(&threads), room.scratch());
  for (int64_t i = 0; i < m * n; ++i) {
    const float got = y[i % n * m + i / n];
    if (std::fabs(got - wanted[i]) <= kTolerance * std::max(1.0, bound[i])) continue;
    return shape.text() + ": " + spmm.kernel(m) + " convolves to " + std::to_string(got) + " for " +
           std::to_string(wanted[i]) + " at pixel " + std::to_string(i / n) + ", output " + std::to_string(i % n);
  }
  return {};
}

std::string Problem::run(const Spmm& spmm, int threads) const {
  const float unwritten = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> y(shape.m * shape.n, unwritten);
  Room room(spmm.scratch_bytes(shape.m, threads));
  spmm.run(x.data(), shape.m, y.data(), epilogue, new_threads(&threads), room.scratch());
  return differs(spmm, y);
}

std::string Problem::differs(const Spmm& spmm, const std::vector<float>& y) const {
  for (size_t i = 0; i < y.size(); ++i) {
    const double error = std::fabs(y[i] - expected[i]);
    if (error <= kTolerance * std::max(1.0, magnitude[i]) || (std::isnan(y[i]) && std::isnan(expected[i]))) continue;
    return shape.text() + ": " + spmm.kernel(shape.m) + " gives " + std::to_string(y[i]) + " for " +
           std::to_string(expected[i]) + " at row " + std::to_string(i / shape.n) + ", output " +
           std::to_string(i % shape.n) + ", activation " + std::to_string(static_cast<int>(epilogue.act));
  }
  return {};
}

}  // namespace onnxprune
