// Reading the graph that ONNX Runtime offers to a provider.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "plugin/tensor.h"

namespace onnxprune::plugin {

using Node = const OrtNode*;
using Value = const OrtValueInfo*;

class GraphReader {
 public:
  explicit GraphReader(const Api& api) : api_(api) {}

  std::vector<Node> nodes(const OrtGraph* graph) const;
  // Null where an optional one is left out.
  std::vector<Value> inputs(Node node) const;
  std::vector<Value> outputs(Node node) const;
  std::string_view name(Value value) const;

  // Whether the node is this operator of ONNX itself, or of the named domain.
  bool is(Node node, std::string_view op, std::string_view domain = "") const;
  int64_t integer(Node node, const char* attribute, int64_t otherwise) const;
  float number(Node node, const char* attribute, float otherwise) const;
  std::string text(Node node, const char* attribute, const char* otherwise) const;
  std::vector<int64_t> integers(Node node, const char* attribute) const;

  // Nodes that read a value, once for every time; empty where something outside the graph reads it too.
  std::vector<Node> readers(Value value) const;
  // The only node that reads it, or null.
  Node reader(Value value) const;
  // The type of a tensor's elements, if it is known.
  ONNXTensorElementDataType type(Value value) const;
  // What an initializer holds that nothing can change; nothing for any other value.
  std::optional<Tensor> stored(Value value) const;
  // The same, if it is float32.
  std::optional<Tensor> constant(Value value) const;
  // The number that it holds, if it is a constant of one element.
  std::optional<float> scalar(Value value) const;

 private:
  const OrtOpAttr* attribute(Node node, const char* name) const;

  const Api& api_;
};

}  // namespace onnxprune::plugin
