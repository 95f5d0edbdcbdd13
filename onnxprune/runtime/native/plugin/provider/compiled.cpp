#include "plugin/provider/compiled.h"

#include <algorithm>
#include <vector>

#include "kernels/finish/finish.h"
#include "pack/dense.h"
#include "pack/own.h"
#include "plugin/provider/broadcast.h"
#include "plugin/scratch.h"

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

Storage pack(const Wanted& layer) {
  if (layer.match.packed) return own(*layer.match.packed);
  const DenseWeight& w = layer.match.weight;
  std::vector<float> rows(static_cast<size_t>(w.k * w.n));
  for (int64_t i = 0; i < w.k; ++i) {
    for (int64_t o = 0; o < w.n; ++o) rows[i * w.n + o] = layer.match.factor * w.data[i * w.stride_k + o * w.stride_n];
  }
  return pack_blocks(rows.data(), w.k, w.n, layer.width, 1);
}

Aligned<float> bias_of(const Match& match) {
  if (!match.bias) return {};
  const auto* values = match.bias->as<float>("the bias");
  const bool one = match.bias->shape.elements() == 1;
  Aligned<float> bias(static_cast<size_t>(match.outputs()));
  for (int64_t o = 0; o < match.outputs(); ++o) bias[o] = match.bias_factor * values[one ? 0 : o];
  return bias;
}

}  // namespace

Compiled::Member::Member(const Placed& placed, const Features& features, const std::shared_ptr<Team>& team)
    : storage(pack(placed.layer)),
      layer(storage.view(), features, team, placed.layer.match.window),
      bias(bias_of(placed.layer.match)),
      output(placed.output),
      residual(placed.residual),
      shape(placed.layer.match.shape) {
  epilogue.bias = bias.data();
  epilogue.act = placed.layer.match.act;
  epilogue.sum_first = placed.layer.match.sum_first;
  if (!layer.borrows()) storage = {};
}

Shape Compiled::Member::output_shape(const Shape& x) const {
  const Shape own = layer.output_shape(x);
  if (!shape) return own;
  if (shape->elements() == own.elements()) return *shape;
  throw Failure("a result of shape " + own.text() + " can't be reshaped to " + shape->text());
}

Compiled::Compiled(const Api& api, const std::vector<Placed>& family, const Features& features,
                   std::shared_ptr<Team> team)
    : OrtNodeComputeInfo{}, api_(api), team_(std::move(team)), x_(family[0].x) {
  ort_version_supported = api.version();
  CreateState = create_state;
  Compute = compute;
  ReleaseState = release_state;
  std::vector<const Spmm*> spmms;
  for (const Placed& placed : family) {
    members_.push_back(std::make_unique<Member>(placed, features, team_));
    spmms.push_back(&members_.back()->layer.spmm());
  }
  if (members_.size() > 1) siblings_.emplace(std::move(spmms));
}

Tensor Compiled::input(OrtKernelContext* context, size_t at) const {
  const OrtValue* value = nullptr;
  api_.check(api_->KernelContext_GetInput(context, at, &value));
  return tensor(api_, value);
}

void Compiled::run(OrtKernelContext* context) const {
  const Tensor x = input(context, x_);
  siblings_ ? run_together(context, x) : run_alone(context, x);
}

void Compiled::run_alone(OrtKernelContext* context, const Tensor& x) const {
  const Member& only = *members_[0];
  const Shape shape = only.output_shape(x.shape);
  const Tensor residual = only.residual ? input(context, *only.residual) : Tensor{};
  if (only.residual && !(residual.shape == shape)) return run_and_add(context, x, shape, residual);
  float* to = output(api_, context, only.output, shape);
  only.layer.compute({api_, context}, x, shape, to, only.layer.with(only.epilogue, residual, shape));
}

// What is added to a product has its shape, as a rule. Where it hasn't, the sum is made as ONNX does, with memory of
// its own for the product.
void Compiled::run_and_add(OrtKernelContext* context, const Tensor& x, const Shape& shape,
                           const Tensor& residual) const {
  const Member& only = *members_[0];
  Epilogue first = only.epilogue;
  if (first.sum_first) first.act = Activation::none;
  std::vector<float> product(static_cast<size_t>(shape.elements()));
  const Shape sum = broadcast(shape, residual.shape);
  float* to = output(api_, context, only.output, sum);
  only.layer.compute({api_, context}, x, shape, product.data(), first);
  add(product.data(), shape, residual.as<float>("the residual"), residual.shape, to);
  const int64_t count = sum.elements();
  if (only.epilogue.sum_first) finish_generic({to, 1, count, count, nullptr, 0, false}, only.epilogue.act);
}

void Compiled::run_together(OrtKernelContext* context, const Tensor& x) const {
  Siblings::Product products[Siblings::kMost];
  for (size_t i = 0; i < members_.size(); ++i) {
    const Member& member = *members_[i];
    const Shape shape = member.output_shape(x.shape);
    const Tensor residual = member.residual ? input(context, *member.residual) : Tensor{};
    products[i] = {output(api_, context, member.output, shape), member.layer.with(member.epilogue, residual, shape)};
  }
  const int64_t rows = x.shape.elements() / std::max<int64_t>(1, x.shape.at[x.shape.rank - 1]);
  const Place place{api_, context};
  const ParallelFor parallel = team_->threads(place);
  siblings_->run(x.as<float>("X"), rows, products, parallel, scratch(siblings_->scratch_bytes(rows, parallel.threads)));
}

}  // namespace onnxprune::plugin
