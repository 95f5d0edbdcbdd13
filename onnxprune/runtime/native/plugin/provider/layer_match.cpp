#include "plugin/provider/layer_match.h"

#include <algorithm>

namespace onnxprune::plugin {
namespace {

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
  match.weight =
      transposed ? DenseWeight{data, columns, rows, 1, columns} : DenseWeight{data, rows, columns, columns, 1};
  match.factor = graph.number(node, "alpha", 1);
  match.bias_factor = graph.number(node, "beta", 1);
  if (in.size() < 3 || graph.name(in[2]).empty()) return match;
  if (!graph.stored(in[2])) {  // a tensor that is made elsewhere: a residual
    match.residual = in[2];
    return match.bias_factor == 1 ? std::optional<Match>(match) : std::nullopt;
  }
  match.bias = graph.constant(in[2]);
  const bool fits = match.bias && (match.bias->shape.rank == 0 || is_bias(match.bias->shape, match.weight.n));
  return fits ? std::optional<Match>(match) : std::nullopt;
}

std::optional<Window> window_of(const GraphReader& graph, Node node, const Shape& weight) {
  const size_t axes = weight.rank - 2;
  if (weight.rank < 3 || axes > 2 || graph.text(node, "auto_pad", "NOTSET") != "NOTSET") return {};
  Window window;
  for (size_t i = 0; i < axes; ++i) window.size[2 - axes + i] = weight.at[2 + i];
  const auto strides = graph.integers(node, "strides"), dilations = graph.integers(node, "dilations");
  const auto pads = graph.integers(node, "pads");
  for (const auto* values : {&strides, &dilations}) {
    if (!values->empty() && values->size() != axes) return {};
  }
  if (!pads.empty() && pads.size() != 2 * axes) return {};
  for (size_t i = 0; i < axes; ++i) {
    const size_t at = 2 - axes + i;
    if (!strides.empty()) window.stride[at] = strides[i];
    if (!dilations.empty()) window.dilation[at] = dilations[i];
    if (!pads.empty()) window.begin[at] = pads[i], window.end[at] = pads[axes + i];
    if (window.begin[at] < 0 || window.end[at] < 0) return {};
  }
  return window;
}

std::optional<Match> convolution(const GraphReader& graph, Node node) {
  const auto in = graph.inputs(node);
  const auto weight = graph.constant(in[1]);
  if (!weight || graph.integer(node, "group", 1) != 1) return {};
  const auto window = window_of(graph, node, weight->shape);
  if (!window) return {};
  Match match = begin(graph, node, in[0]);
  const int64_t n = weight->shape.at[0], k = weight->shape.elements() / std::max<int64_t>(n, 1);
  match.weight = {weight->as<float>("the weight"), k, n, 1, k};
  match.window = window;
  if (in.size() < 3 || graph.name(in[2]).empty()) return match;
  match.bias = graph.constant(in[2]);
  return match.bias ? std::optional<Match>(match) : std::nullopt;
}

// ONNX Runtime makes a MatMul and its bias a Gemm where shapes are fixed, between two Reshapes: the second one.
void take_reshape(const GraphReader& graph, Match* match) {
  const Node node = graph.reader(match->output);
  if (!graph.is(node, "Reshape")) return;
  const auto wanted = graph.stored(graph.inputs(node)[1]);
  if (!wanted || wanted->type != ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 || wanted->shape.rank != 1) return;
  const auto* lengths = static_cast<const int64_t*>(wanted->data);
  const size_t rank = static_cast<size_t>(wanted->shape.at[0]);
  if (rank < 1 || rank > Shape::kMaxRank || lengths[rank - 1] != match->weight.n) return;
  Shape shape;
  shape.rank = rank;
  std::copy_n(lengths, rank, shape.at);
  if (std::any_of(lengths, lengths + rank, [](int64_t length) { return length < 1; })) return;
  match->shape = shape;
  match->nodes.push_back(node);
  match->output = graph.outputs(node)[0];
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

// Only this node reads the product, so that nothing else that the node reads can be made of it.
void take_residual(const GraphReader& graph, const std::set<Node>& taken, Match* match) {
  const Node add = graph.reader(match->output);
  if (!(graph.is(add, "Add") || graph.is(add, "Sum")) || taken.count(add)) return;
  const auto in = graph.inputs(add);
  if (in.size() != 2) return;
  const Value other = graph.name(in[0]) == graph.name(match->output) ? in[1] : in[0];
  if (graph.stored(other)) return;
  match->residual = other;
  match->nodes.push_back(add);
  match->output = graph.outputs(add)[0];
}

// Where a sum was taken already, it comes first.
void take_activation(const GraphReader& graph, Match* match) {
  if (match->act != Activation::none) return;
  const Activated behind = activation(graph, match->output);
  if (behind.nodes.empty()) return;
  match->act = behind.act, match->sum_first = match->residual;
  match->nodes.insert(match->nodes.end(), behind.nodes.begin(), behind.nodes.end());
  match->output = behind.output;
}

}  // namespace

std::optional<Match> match_layer(const GraphReader& graph, Node node, const std::set<Node>& taken) {
  std::optional<Match> match;
  if (graph.is(node, "MatMul")) match = matmul(graph, node);
  if (graph.is(node, "Gemm")) match = gemm(graph, node);
  if (graph.is(node, "Conv")) match = convolution(graph, node);
  if (!match || match->weight.k < 1 || match->weight.n < 1) return {};
  const bool rows = !match->window && !match->residual;
  if (rows && !match->bias) take_bias(graph, &*match);
  if (rows) take_reshape(graph, &*match);
  take_activation(graph, &*match);
  if (!match->residual) take_residual(graph, taken, &*match);
  take_activation(graph, &*match);
  return match;
}

}  // namespace onnxprune::plugin
