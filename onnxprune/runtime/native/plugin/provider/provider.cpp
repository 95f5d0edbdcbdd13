#include "plugin/provider/provider.h"

#include <algorithm>
#include <set>

#include "plugin/provider/compiled.h"

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

void Provider::claim(const OrtGraph* graph, OrtEpGraphSupportInfo* support) {
  const GraphReader reader(api_);
  if (api_.release() < kNamesByGraph && !widths_.empty()) return;
  std::set<Node> taken;
  for (const Node node : reader.nodes(graph)) {
    const auto match = taken.count(node) ? std::nullopt : match_layer(reader, node);
    const Choice choice = match ? worth(*match) : Choice{};
    if (!choice.width) continue;
    // The packed weight is all that the node needs; nobody keeps the dense one alive for it.
    OrtNodeFusionOptions fusion = {};
    fusion.ort_version_supported = api_.version();
    fusion.drop_constant_initializers = true;
    const auto& nodes = match->nodes;
    api_.check(providers_.EpGraphSupportInfo_AddNodesToFuse(support, nodes.data(), nodes.size(), &fusion));
    taken.insert(nodes.begin(), nodes.end());
    widths_[std::string(reader.name(match->output))] = choice.width;
  }
}

std::unique_ptr<OrtNodeComputeInfo> Provider::compile(const OrtGraph* graph, Node fused) {
  const GraphReader reader(api_);
  const auto inputs = reader.inputs(fused), outputs = reader.outputs(fused);
  const auto width = outputs.empty() ? widths_.end() : widths_.find(reader.name(outputs[0]));
  if (width == widths_.end()) throw Failure(std::string(kProviderName) + ": asked for a node that it didn't claim");
  for (const Node node : reader.nodes(graph)) {
    const auto match = match_layer(reader, node);
    if (!match || reader.name(match->output) != width->first) continue;
    const auto is_x = [&](Value input) { return reader.name(input) == reader.name(match->x); };
    const size_t x = std::find_if(inputs.begin(), inputs.end(), is_x) - inputs.begin();
    return std::make_unique<Compiled>(api_, *match, width->second, x, features_, team_);
  }
  throw Failure(std::string(kProviderName) + ": '" + width->first + "' isn't computed as it was when it was claimed");
}

}  // namespace onnxprune::plugin
