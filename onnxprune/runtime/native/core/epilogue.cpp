#include "core/epilogue.h"

#include <cstring>

namespace onnxprune {

bool parse_activation(const char* name, Activation* act) {
  static const char* const names[] = {"none", "relu", "gelu_erf", "gelu_tanh", "silu"};
  for (int32_t i = 0; i < 5; ++i) {
    if (std::strcmp(name, names[i])) continue;
    *act = static_cast<Activation>(i);
    return true;
  }
  return false;
}

}  // namespace onnxprune
