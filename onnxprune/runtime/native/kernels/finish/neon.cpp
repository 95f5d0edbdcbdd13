#include "kernels/simd/neon.h"

#include "kernels/finish/vector.h"

namespace onnxprune {

void finish_neon(const Tile& tile, Activation act) { finish_vector<V4>(tile, act); }

}  // namespace onnxprune
