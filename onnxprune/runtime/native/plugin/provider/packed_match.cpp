#include "plugin/provider/packed_match.h"

#include <stdexcept>

#include "plugin/sparse_matmul/operator.h"

namespace onnxprune::plugin {
namespace {

// The inputs of a node that are constant, by their places.
class Constants {
 public:
  Constants(const GraphReader& graph, Node node) : graph_(graph), inputs_(graph.inputs(node)) {}

  bool has(size_t at) const { return at < inputs_.size() && !graph_.name(inputs_[at]).empty(); }
  Value value(size_t at) const { return has(at) ? inputs_[at] : nullptr; }
  // Null where there is none of this type.
  template <class T>
  const T* data(size_t at, ONNXTensorElementDataType type, int64_t elements) const {
    const auto found = has(at) ? graph_.stored(inputs_[at]) : std::nullopt;
    const bool fits = found && found->type == type && found->shape.elements() == elements;
    return fits ? static_cast<const T*>(found->data) : nullptr;
  }

 private:
  const GraphReader& graph_;
  std::vector<Value> inputs_;
};

// Its sizes; of no outputs where they can't be used.
Packed sizes(const GraphReader& graph, Node node) {
  Packed weight;
  const auto block = graph.integers(node, "block");
  weight.k = graph.integer(node, "k", 0), weight.n = graph.integer(node, "n", 0);
  if (block.size() == 2) weight.block_out = block[0], weight.block_in = block[1];
  const bool known = graph.integer(node, "version", kFormatVersion) == kFormatVersion;
  if (!known || !graph.integers(node, "group").empty() || weight.block_out < 1 || weight.block_in < 1) weight.n = 0;
  return weight;
}

// Whether all of the weight is there, as the operator wants it.
bool fill(const GraphReader& graph, const Constants& constants, Packed* weight) {
  if (weight->k < 1 || weight->n < 1 || !constants.has(kIndex)) return false;
  const auto index = graph.stored(constants.value(kIndex));
  if (!index) return false;
  weight->index = index->data, weight->stored = index->shape.elements();
  weight->index_type = index->type == ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16 ? IndexType::u16 : IndexType::i32;
  if (weight->index_type == IndexType::i32 && index->type != ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32) return false;
  const int64_t values = weight->stored * weight->block_size();
  weight->pointer = constants.data<int32_t>(kPointer, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, weight->strips() + 1);
  weight->values = constants.data<float>(kValues, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, values);
  if (!weight->values) {
    weight->dtype = WeightType::int8;
    weight->values = constants.data<int8_t>(kValues, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, values);
    weight->scales = constants.data<float>(kScales, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, weight->n);
    if (!weight->scales) return false;
  }
  if (!weight->values || !weight->pointer) return false;
  try {
    check(*weight);
  } catch (const std::invalid_argument&) {
    return false;
  }
  return true;
}

}  // namespace

std::optional<Match> match_packed(const GraphReader& graph, Node node) {
  if (!graph.is(node, kOperatorName, kDomain)) return {};
  const Constants constants(graph, node);
  Match match;
  match.packed = sizes(graph, node);
  if (!fill(graph, constants, &*match.packed)) return {};
  match.nodes = {node};
  match.x = constants.value(kX), match.output = graph.outputs(node)[0];
  if (graph.type(match.x) != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) return {};
  if (constants.has(kBias)) {
    match.bias = graph.constant(constants.value(kBias));
    if (!match.bias || match.bias->shape.rank != 1 || match.bias->shape.at[0] != match.packed->n) return {};
  }
  match.residual = constants.value(kResidual);
  if (match.residual && graph.name(match.residual) != graph.name(match.x)) return {};
  if (!parse_activation(graph.text(node, "activation", "none").c_str(), &match.act)) return {};
  return match;
}

}  // namespace onnxprune::plugin
