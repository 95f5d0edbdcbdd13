#include "kernels/int8/rows.h"

#include <algorithm>
#include <cmath>

#include "kernels/int8/steps.h"

namespace onnxprune::int8 {

Row quantise_row(const float* x, int64_t k, uint8_t* to) {
  float low = 0, high = 0;
  bool finite = true;
  for (int64_t i = 0; i < k; ++i) {
    low = std::min(low, x[i]), high = std::max(high, x[i]);
    finite = finite && std::isfinite(x[i]);
  }
  const Steps row = steps(low, high, finite);
  if (row.inverse == 0) std::fill_n(to, k, 0);
  for (int64_t i = 0; i < k && row.inverse != 0; ++i)
    to[i] = static_cast<uint8_t>(std::min(static_cast<int32_t>(std::rint(x[i] * row.inverse)) + row.zero, 255));
  return {row.scale, row.zero};
}

}  // namespace onnxprune::int8
