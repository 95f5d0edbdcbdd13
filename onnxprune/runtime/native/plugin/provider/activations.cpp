#include "plugin/provider/activations.h"

#include <cmath>

namespace onnxprune::plugin {
namespace {

constexpr float kSqrtHalf = 0.70710678f;

bool near(float a, float b) { return std::fabs(a - b) < 1e-4f * std::fabs(b); }

// The other operand, if the node is this operator on `value` and something else.
Value beside(const GraphReader& graph, Node node, const char* op, Value value) {
  if (!graph.is(node, op)) return nullptr;
  const auto in = graph.inputs(node);
  if (in.size() != 2 || in[0] == in[1]) return nullptr;
  if (graph.name(in[0]) == graph.name(value)) return in[1];
  return graph.name(in[1]) == graph.name(value) ? in[0] : nullptr;
}

bool by_number(const GraphReader& graph, Node node, const char* op, Value value, float number) {
  const Value other = beside(graph, node, op, value);
  const auto found = other ? graph.scalar(other) : std::nullopt;
  return found && near(*found, number);
}

Activated one_node(const GraphReader& graph, Value value) {
  const Node node = graph.reader(value);
  Activated found;
  if (graph.is(node, "Relu")) found.act = Activation::relu;
  if (graph.is(node, "Gelu")) {
    found.act = graph.text(node, "approximate", "none") == "tanh" ? Activation::gelu_tanh : Activation::gelu_erf;
  }
  if (graph.is(node, "Gelu", "com.microsoft")) found.act = Activation::gelu_erf;
  if (found.act == Activation::none) return found;
  found.nodes = {node};
  found.output = graph.outputs(node)[0];
  return found;
}

// v sigmoid(v)
Activated silu(const GraphReader& graph, Value value, Node gate, Node product) {
  if (!graph.is(gate, "Sigmoid")) return {};
  const Value gated = graph.outputs(gate)[0];
  const Value other = beside(graph, product, "Mul", gated);
  if (!other || graph.name(other) != graph.name(value) || graph.reader(gated) != product) return {};
  return {Activation::silu, {gate, product}, graph.outputs(product)[0]};
}

// erf(v / sqrt 2) + 1: its nodes in order, or none
std::vector<Node> distribution(const GraphReader& graph, Value value, Node scale) {
  if (!by_number(graph, scale, "Mul", value, kSqrtHalf)) {
    if (!by_number(graph, scale, "Div", value, 1 / kSqrtHalf) ||
        graph.name(graph.inputs(scale)[0]) != graph.name(value)) {
      return {};
    }
  }
  const Node erf = graph.reader(graph.outputs(scale)[0]);
  if (!graph.is(erf, "Erf")) return {};
  const Value spread = graph.outputs(erf)[0];
  const Node shift = graph.reader(spread);
  if (!by_number(graph, shift, "Add", spread, 1)) return {};
  return {scale, erf, shift};
}

// v ((erf(v / sqrt 2) + 1) / 2), from where it is halved on; `nodes` are those before.
Activated halved_between(const GraphReader& graph, Value value, std::vector<Node> nodes, Node half, Node product) {
  const Value share = graph.outputs(half)[0];
  const Value with = beside(graph, product, "Mul", share);
  if (graph.reader(share) != product || !with || graph.name(with) != graph.name(value)) return {};
  nodes.insert(nodes.end(), {half, product});
  return {Activation::gelu_erf, nodes, graph.outputs(product)[0]};
}

// v (erf(v / sqrt 2) + 1) / 2, halved first, last, or before it is multiplied by v
Activated gelu(const GraphReader& graph, Value value, Node scale, Node other) {
  auto nodes = distribution(graph, value, scale);
  if (nodes.empty()) return {};
  const Value share = graph.outputs(nodes.back())[0];
  const Node product = graph.reader(share);
  if (product && by_number(graph, product, "Mul", share, 0.5f))
    return halved_between(graph, value, nodes, product, other);
  const Value factor = product ? beside(graph, product, "Mul", share) : nullptr;
  if (!factor) return {};
  const Value last = graph.outputs(product)[0];
  if (product == other && graph.name(factor) == graph.name(value)) {
    const Node half = graph.reader(last);
    if (!half || !by_number(graph, half, "Mul", last, 0.5f)) return {};
    nodes.insert(nodes.end(), {product, half});
    return {Activation::gelu_erf, nodes, graph.outputs(half)[0]};
  }
  const Value halved = graph.outputs(other)[0];
  if (!by_number(graph, other, "Mul", value, 0.5f) || graph.name(factor) != graph.name(halved)) return {};
  if (graph.reader(halved) != product) return {};
  nodes.insert(nodes.end(), {other, product});
  return {Activation::gelu_erf, nodes, last};
}

}  // namespace

Activated activation(const GraphReader& graph, Value value) {
  const auto readers = graph.readers(value);
  if (readers.size() == 1) return one_node(graph, value);
  if (readers.size() != 2 || readers[0] == readers[1]) return {};
  for (int first = 0; first < 2; ++first) {
    const Node one = readers[first], other = readers[1 - first];
    for (const auto& found : {silu(graph, value, one, other), gelu(graph, value, one, other)}) {
      if (!found.nodes.empty()) return found;
    }
  }
  return {};
}

}  // namespace onnxprune::plugin
