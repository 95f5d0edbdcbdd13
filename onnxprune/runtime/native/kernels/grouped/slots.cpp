#include "kernels/grouped/slots.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace onnxprune {

bool Slots::suits(const Packed& p) { return p.group == 4 && (p.kept == 1 || p.kept == 2) && p.k % 4 == 0; }

Slots::Slots(const Packed& p, int64_t l)
    : k(p.k),
      n(p.n),
      kept(p.kept),
      lanes(l),
      strips((p.n + l - 1) / l),
      groups(p.groups()),
      values_(strips * strip_values()),
      places_(strips * groups * kept * (l / 4)) {
  std::fill_n(values_.data(), values_.size(), 0.0f);
  std::fill_n(places_.data(), places_.size(), char{0});
  const int64_t slots = groups * kept;
  for (int64_t o = 0; o < n; ++o)
    for (int64_t i = 0; i < slots; ++i) {
      const int64_t from = o * slots + i, slot = o / lanes * slots + i, lane = o % lanes;
      const float value = p.floats()[from];
      if (std::fabs(value) < std::numeric_limits<float>::min()) continue;  // zero, or as good as that
      values_[slot * lanes + lane] = value;
      places_[slot * (lanes / 4) + lane / 4] |= static_cast<char>(p.index_at(from) << (lane % 4 * 2));
    }
}

}  // namespace onnxprune
