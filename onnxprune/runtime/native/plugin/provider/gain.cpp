#include "plugin/provider/gain.h"

namespace onnxprune::plugin {
namespace {

// Time of a multiplication in a block, as a multiple of one in ONNX Runtime's dense kernels: the inverse of the density
// at which both take the same time, for 8 to 384 rows. Widths as in kBlockWidths.
constexpr double kAvx512[kWidths] = {1.1, 1.3, 1.3, 1.2, 1.3, 2.1};
constexpr double kAvx2[kWidths] = {1.2, 1.2, 1.2, 1.4, 1.6, 2.6};
constexpr double kNeon[kWidths] = {1.3, 1.3, 1.3, 1.5, 1.7, 2.8};
constexpr double kGeneric[kWidths] = {8, 8, 8, 9, 10, 14};

// What every layer pays, as a share of the dense time; more where pixels must become rows and back.
constexpr double kFixed = 0.02, kFixedChannelsFirst = 0.12;

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

Choice choose(const Density& density, const Features& features, bool channels_first, int64_t only) {
  const double fixed = channels_first ? kFixedChannelsFirst : kFixed;
  Choice best;
  for (size_t w = 0; w < kWidths; ++w) {
    if (only && kBlockWidths[w] != only) continue;
    const double gain = 1 / (fixed + costs(features)[w] * density.of[w]);
    if (gain > best.gain) best = {kBlockWidths[w], gain};
  }
  return best;
}

}  // namespace onnxprune::plugin
