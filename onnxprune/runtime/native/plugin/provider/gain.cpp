#include "plugin/provider/gain.h"

namespace onnxprune::plugin {
namespace {

// Time of a multiplication in a block, as a multiple of one in ONNX Runtime's dense kernels: seen for a weight of 768 by
// 768 and 1 to 384 rows with AVX-512; the others are set by what their registers hold. Widths as in kBlockWidths.
constexpr double kAvx512[kWidths] = {1.0, 1.1, 1.2, 1.1, 1.5, 2.1};
constexpr double kAvx2[kWidths] = {1.2, 1.2, 1.2, 1.4, 1.6, 2.6};
constexpr double kNeon[kWidths] = {1.3, 1.3, 1.3, 1.5, 1.7, 2.8};
constexpr double kGeneric[kWidths] = {8, 8, 8, 9, 10, 14};

// What every layer pays, as a share of the dense time.
constexpr double kFixed = 0.04;

// What a convolution costs besides, in multiplications of the dense kernel: to fetch a number of X for an input, or to
// put down one of Y; and, for kernels that know rows only, to make rows of pixels and pixels of rows.
constexpr double kMoving = 5;
constexpr double kTurning = 70;

// As a share of the dense time.
double moving(const Match& match, const Features& features) {
  if (!match.window) return 0;
  const bool rows = !(features.avx512 || features.avx2 || features.neon);
  const double k = static_cast<double>(match.weight.k), n = static_cast<double>(match.weight.n);
  return (kMoving + (rows ? kTurning : 0)) * (1 / k + 1 / n);
}

const double* costs(const Features& features) {
  if (features.avx512) return kAvx512;
  if (features.avx2) return kAvx2;
  return features.neon ? kNeon : kGeneric;
}

}  // namespace

Density density(const DenseWeight& weight) {
  constexpr int64_t widest = kBlockWidths[0];
  int64_t kept[kWidths] = {};
  for (int64_t i = 0; i < weight.k; ++i) {
    for (int64_t start = 0; start < weight.n; start += widest) {
      const int64_t count = start + widest < weight.n ? widest : weight.n - start;
      uint64_t nonzero = 0;  // bit o: output start + o has this input
      for (int64_t o = 0; o < count; ++o) {
        nonzero |= static_cast<uint64_t>(weight.data[i * weight.stride_k + (start + o) * weight.stride_n] != 0) << o;
      }
      for (size_t w = 0; nonzero && w < kWidths; ++w) {
        const int64_t width = kBlockWidths[w];
        const uint64_t block = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
        for (int64_t o = 0; o < count; o += width) kept[w] += (nonzero >> o & block) ? width : 0;
      }
    }
  }
  Density found;
  for (size_t w = 0; w < kWidths; ++w) {
    found.of[w] = static_cast<double>(kept[w]) / static_cast<double>(weight.k * weight.n);
  }
  return found;
}

Choice choose(const Density& density, const Match& match, const Features& features, int64_t only) {
  const double fixed = kFixed + moving(match, features);
  Choice best;
  for (size_t w = 0; w < kWidths; ++w) {
    if (only && kBlockWidths[w] != only) continue;
    const double gain = 1 / (fixed + costs(features)[w] * density.of[w]);
    if (gain > best.gain) best = {kBlockWidths[w], gain};
  }
  return best;
}

}  // namespace onnxprune::plugin
