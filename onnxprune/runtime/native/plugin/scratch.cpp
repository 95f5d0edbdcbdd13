#include "plugin/scratch.h"

#include "core/aligned.h"

namespace onnxprune::plugin {

void* scratch(size_t bytes) {
  thread_local Aligned<char> memory;
  if (memory.size() < bytes) {
    memory = Aligned<char>();  // the old one goes first
    memory = Aligned<char>(bytes);
  }
  return memory.data();
}

}  // namespace onnxprune::plugin
