#include "plugin/provider/compiled.h"

#include <vector>

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

Storage pack(const Match& match, int64_t width) {
  const DenseWeight& w = match.weight;
  std::vector<float> rows(static_cast<size_t>(w.k * w.n));
  for (int64_t i = 0; i < w.k; ++i) {
    for (int64_t o = 0; o < w.n; ++o) rows[i * w.n + o] = match.factor * w.data[i * w.stride_k + o * w.stride_n];
  }
  return pack_blocks(rows.data(), w.k, w.n, width, 1);
}

Aligned<float> bias_of(const Match& match) {
  if (!match.bias) return {};
  const auto* values = match.bias->as<float>("the bias");
  const bool one = match.bias->shape.elements() == 1;
  Aligned<float> bias(static_cast<size_t>(match.weight.n));
  for (int64_t o = 0; o < match.weight.n; ++o) bias[o] = match.bias_factor * values[one ? 0 : o];
  return bias;
}

}  // namespace

Compiled::Compiled(const Api& api, const Match& match, int64_t width, size_t x, const Features& features,
                   std::shared_ptr<Team> team)
    : OrtNodeComputeInfo{},
      api_(api),
      x_(x),
      storage_(pack(match, width)),
      layer_(storage_.view(), features, std::move(team), match.window),
      bias_(bias_of(match)) {
  ort_version_supported = api.version();
  CreateState = create_state;
  Compute = compute;
  ReleaseState = release_state;
  epilogue_.bias = bias_.data();
  epilogue_.act = match.act;
  if (!layer_.borrows()) storage_ = {};
}

void Compiled::run(OrtKernelContext* context) const {
  const OrtValue* x = nullptr;
  api_.check(api_->KernelContext_GetInput(context, x_, &x));
  layer_.run({api_, context}, tensor(api_, x), epilogue_);
}

}  // namespace onnxprune::plugin
