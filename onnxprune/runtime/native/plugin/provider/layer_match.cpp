#include "plugin/provider/layer_match.h"

#include <algorithm>

namespace onnxprune::plugin {
namespace {

bool all_are(const std::vector<int64_t>& values, int64_t wanted) {
  return std::all_of(values.begin(), values.end(), [=](int64_t value) { return value == wanted; });
}

// Whether adding a tensor of this shape adds a number to each of n outputs, the last axis, and changes no shape.
bool is_bias(const Shape& shape, int64_t n) {
  const int64_t count = shape.elements();
  if (shape.rank == 0 || shape.rank > 2) return false;
  return count == 1 || (count == n && shape.at[shape.rank - 1] == n);
}

Match begin(const GraphReader& graph, Node node, Value x) {
  Match match;
  match.nodes = {node};
  match.x = x;
  match.output = graph.outputs(node)[0];
  return match;
}

std::optional<Match> matmul(const GraphReader& graph, Node node) {
  const auto in = graph.inputs(node);
  const auto weight = graph.constant(in[1]);
  if (!weight || weight->shape.rank != 2) return {};
  Match match = begin(graph, node, in[0]);
  const int64_t k = weight->shape.at[0], n = weight->shape.at[1];
  match.weight = {weight->as<float>("the weight"), k, n, n, 1};
  return match;
}

std::optional<Match> gemm(const GraphReader& graph, Node node) {
  const auto in = graph.inputs(node);
  const auto weight = graph.constant(in[1]);
  if (!weight || weight->shape.rank != 2 || graph.integer(node, "transA", 0)) return {};
  Match match = begin(graph, node, in[0]);
  const int64_t rows = weight->shape.at[0], columns = weight->shape.at[1];
  const auto* data = weight->as<float>("the weight");
  const bool transposed = graph.integer(node, "transB", 0);
  match.weight = transposed ? DenseWeight{data, columns, rows, 1, columns} : DenseWeight{data, rows, columns, columns, 1};
  match.factor = graph.number(node, "alpha", 1);
  match.bias_factor = graph.number(node, "beta", 1);
  if (in.size() < 3 || graph.name(in[2]).empty()) return match;
  match.bias = graph.constant(in[2]);
  const bool fits = match.bias && (match.bias->shape.rank == 0 || is_bias(match.bias->shape, match.weight.n));
  return fits ? std::optional<Match>(match) : std::nullopt;
}

// One weight for every pixel: no neighbours, no steps, no groups.
std::optional<Match> pointwise(const GraphReader& graph, Node node) {
  const auto in = graph.inputs(node);
  const auto weight = graph.constant(in[1]);
  if (!weight || weight->shape.rank < 3 || weight->shape.elements() != weight->shape.at[0] * weight->shape.at[1]) return {};
  const bool plain = graph.integer(node, "group", 1) == 1 && all_are(graph.integers(node, "strides"), 1) &&
                     all_are(graph.integers(node, "pads"), 0);
  if (!plain) return {};
  Match match = begin(graph, node, in[0]);
  const int64_t n = weight->shape.at[0], k = weight->shape.at[1];
  match.weight = {weight->as<float>("the weight"), k, n, 1, k};
  match.channels_first = true;
  if (in.size() < 3 || graph.name(in[2]).empty()) return match;
  match.bias = graph.constant(in[2]);
  return match.bias ? std::optional<Match>(match) : std::nullopt;
}

void take_bias(const GraphReader& graph, Match* match) {
  const Node add = graph.reader(match->output);
  if (!graph.is(add, "Add")) return;
  const auto in = graph.inputs(add);
  const auto bias = graph.constant(graph.name(in[0]) == graph.name(match->output) ? in[1] : in[0]);
  if (!bias || bias->shape.rank > 1 || !is_bias(bias->shape, match->weight.n)) return;
  match->bias = bias;
  match->nodes.push_back(add);
  match->output = graph.outputs(add)[0];
}

}  // namespace

std::optional<Match> match_layer(const GraphReader& graph, Node node) {
  std::optional<Match> match;
  if (graph.is(node, "MatMul")) match = matmul(graph, node);
  if (graph.is(node, "Gemm")) match = gemm(graph, node);
  if (graph.is(node, "Conv")) match = pointwise(graph, node);
  if (!match || match->weight.k < 1 || match->weight.n < 1) return {};
  if (!match->bias && !match->channels_first) take_bias(graph, &*match);
  const Activated behind = activation(graph, match->output);
  if (behind.nodes.empty()) return match;
  match->act = behind.act;
  match->nodes.insert(match->nodes.end(), behind.nodes.begin(), behind.nodes.end());
  match->output = behind.output;
  return match;
}

}  // namespace onnxprune::plugin
