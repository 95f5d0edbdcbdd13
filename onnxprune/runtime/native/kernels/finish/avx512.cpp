#include "kernels/simd/avx512.h"

#include "kernels/finish/vector.h"

namespace onnxprune {

void finish_avx512(const Tile& tile, Activation act) { finish_vector<V16>(tile, act); }

}  // namespace onnxprune
