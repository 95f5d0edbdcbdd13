#include "kernels/simd/avx2.h"

#include "kernels/finish/vector.h"

namespace onnxprune {

void finish_avx2(const Tile& tile, Activation act) { finish_vector<V8>(tile, act); }

}  // namespace onnxprune
