#include "plugin/provider/compiled.h"

#include "pack/pack.h"

namespace onnxprune::plugin {
namespace {

const Compiled& self(OrtNodeComputeInfo* info) { return *static_cast<const Compiled*>(info); }

// All state is constant, and in the node itself.
OrtStatus* create_state(OrtNodeComputeInfo*, OrtNodeComputeContext*, void** state) noexcept {
  *state = nullptr;
  return nullptr;
}
void release_state(OrtNodeComputeInfo*, void*) noexcept {}

OrtStatus* compute(OrtNodeComputeInfo* info, void*, OrtKernelContext* context) noexcept {
  return guarded(self(info).api().table(), [&] { self(info).run(context); });
}

}  // namespace
}  // namespace onnxprune::plugin
