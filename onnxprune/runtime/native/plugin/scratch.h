// Working memory of a call that isn't allocated by the call.
#pragma once

#include <cstddef>

namespace onnxprune::plugin {

// At least `bytes` bytes on a cache line, which belong to the calling thread until its next call of this function.
// They grow to what the largest node needs, are shared by all nodes, and go with the thread.
void* scratch(size_t bytes);

}  // namespace onnxprune::plugin
