#include "plugin/provider/provider.h"

#include <algorithm>
#include <set>

#include "plugin/provider/packed_match.h"

namespace onnxprune::plugin {
namespace {

// Before this release, what is taken of a graph and of a body within it gets the same names, and ONNX Runtime refuses
// the second.
constexpr uint32_t kNamesByGraph = 24;

Provider& self(OrtEp* ep) { return *static_cast<Provider*>(ep); }

const char* get_name(const OrtEp*) noexcept { return kProviderName; }

OrtStatus* get_capability(OrtEp* ep, const OrtGraph* graph, OrtEpGraphSupportInfo* support) noexcept {
  return guarded(self(ep).api().table(), [&] { self(ep).claim(graph, support); });
}

void release_compiled(OrtEp*, OrtNodeComputeInfo** infos, size_t count) noexcept {
  for (size_t i = 0; i < count; ++i) delete static_cast<Compiled*>(infos[i]);
}

OrtStatus* compile(OrtEp* ep, const OrtGraph** graphs, const OrtNode** fused, size_t count, OrtNodeComputeInfo** infos,
                   OrtNode**) noexcept {
  return guarded(self(ep).api().table(), [&] {
    for (size_t i = 0; i < count; ++i) infos[i] = nullptr;
    for (size_t i = 0; i < count; ++i) infos[i] = self(ep).compile(graphs[i], fused[i]).release();
  });
}

}  // namespace

Provider::Provider(const Api& api, const OrtEpApi& providers, const Options& options, const OrtLogger* logger)
    : OrtEp{}, api_(api), providers_(providers), options_(options), team_(Team::of(logger)) {
  ort_version_supported = api.version();
  GetName = get_name;
  GetCapability = get_capability;
  Compile = onnxprune::plugin::compile;
  ReleaseNodeComputeInfos = release_compiled;
}

Choice Provider::worth(const Match& match) const {
  if (match.window && !options_.convolutions) return {};
  const Density kept = density(match.weight);
  if (1 - kept.of[kWidths - 1] < options_.min_sparsity) return {};
  const Choice choice = choose(kept, match, features_, options_.block);
  return choice.gain < options_.min_gain ? Choice{} : choice;
}

// Layers that are worth it; packed weights are by themselves.
std::vector<Wanted> Provider::wanted(const GraphReader& reader, const OrtGraph* graph) const {
  std::vector<Wanted> found;
  std::set<Node> taken;
  for (const Node node : reader.nodes(graph)) {
    if (taken.count(node)) continue;
    auto match = match_packed(reader, node);
    int64_t width = 0;
    if (!match) {
      match = match_layer(reader, node, taken);
      width = match ? worth(*match).width : 0;
      if (!width) continue;
    }
    taken.insert(match->nodes.begin(), match->nodes.end());
    found.push_back({std::move(*match), width});
  }
  return found;
}

void Provider::claim(const OrtGraph* graph, OrtEpGraphSupportInfo* support) {
  const GraphReader reader(api_);
  if (api_.release() < kNamesByGraph && !widths_.empty()) return;
  for (const auto& family : families(reader, wanted(reader, graph))) {
    // The packed weight is all that the node needs; nobody keeps the dense one alive for it.
    OrtNodeFusionOptions fusion = {};
    fusion.ort_version_supported = api_.version();
    fusion.drop_constant_initializers = true;
    std::vector<Node> nodes;
    for (const Wanted& layer : family) {
      nodes.insert(nodes.end(), layer.match.nodes.begin(), layer.match.nodes.end());
      widths_[std::string(reader.name(layer.match.output))] = layer.width;
    }
    api_.check(providers_.EpGraphSupportInfo_AddNodesToFuse(support, nodes.data(), nodes.size(), &fusion));
  }
}

// The layers of a node, as they were claimed, with the places of what they read and make; those that nobody asks for
// are left out.
std::vector<Placed> Provider::placed(const GraphReader& reader, const OrtGraph* graph, Node fused) const {
  const auto inputs = reader.inputs(fused), outputs = reader.outputs(fused);
  const auto place = [&](const std::vector<Value>& values, Value value) {
    const auto same = [&](Value other) { return reader.name(other) == reader.name(value); };
    return static_cast<size_t>(std::find_if(values.begin(), values.end(), same) - values.begin());
  };
  std::vector<Placed> found;
  for (const Node node : reader.nodes(graph)) {
    auto match = match_packed(reader, node);
    if (!match) match = match_layer(reader, node);
    const auto width = match ? widths_.find(reader.name(match->output)) : widths_.end();
    if (width == widths_.end() || place(outputs, match->output) == outputs.size()) continue;
    Placed one{{*match, width->second}, place(inputs, match->x), place(outputs, match->output)};
    if (match->residual) one.residual = place(inputs, match->residual);
    found.push_back(std::move(one));
  }
  return found;
}

std::unique_ptr<OrtNodeComputeInfo> Provider::compile(const OrtGraph* graph, Node fused) {
  const GraphReader reader(api_);
  const auto family = placed(reader, graph, fused);
  if (family.empty()) throw Failure(std::string(kProviderName) + ": asked for a node that it didn't claim");
  return std::make_unique<Compiled>(api_, family, features_, team_);
}

}  // namespace onnxprune::plugin
