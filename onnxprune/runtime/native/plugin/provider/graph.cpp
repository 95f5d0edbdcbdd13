#include "plugin/provider/graph.h"

namespace onnxprune::plugin {
namespace {

// Bytes of an attribute as they are stored.
template <class T>
bool read(const Api& api, const OrtOpAttr* attribute, OrtOpAttrType type, T* out) {
  size_t needed = 0;
  return attribute && api.ok(api->ReadOpAttr(attribute, type, out, sizeof(T), &needed));
}

// What a graph or a node has of something: asked how many, then which.
template <class T, class Owner, class Count, class Get>
std::vector<T> listed(const Api& api, Owner owner, Count count, Get get) {
  size_t number = 0;
  api.check(count(owner, &number));
  std::vector<T> found(number);
  if (number) api.check(get(owner, found.data(), number));
  return found;
}

}  // namespace

std::vector<Node> GraphReader::nodes(const OrtGraph* graph) const {
  return listed<Node>(api_, graph, api_->Graph_GetNumNodes, api_->Graph_GetNodes);
}

std::vector<Value> GraphReader::inputs(Node node) const {
  return listed<Value>(api_, node, api_->Node_GetNumInputs, api_->Node_GetInputs);
}

std::vector<Value> GraphReader::outputs(Node node) const {
  return listed<Value>(api_, node, api_->Node_GetNumOutputs, api_->Node_GetOutputs);
}

std::string_view GraphReader::name(Value value) const {
  const char* name = "";
  if (value) api_.check(api_->GetValueInfoName(value, &name));
  return name;
}

bool GraphReader::is(Node node, std::string_view op, std::string_view domain) const {
  if (!node) return false;
  const char *type = "", *from = "";
  api_.check(api_->Node_GetOperatorType(node, &type));
  api_.check(api_->Node_GetDomain(node, &from));
  const std::string_view home = std::string_view(from) == "ai.onnx" ? "" : from;
  return op == type && domain == home;
}

const OrtOpAttr* GraphReader::attribute(Node node, const char* name) const {
  const OrtOpAttr* found = nullptr;
  return api_.ok(api_->Node_GetAttributeByName(node, name, &found)) ? found : nullptr;
}

int64_t GraphReader::integer(Node node, const char* name, int64_t otherwise) const {
  int64_t value = 0;
  return read(api_, attribute(node, name), ORT_OP_ATTR_INT, &value) ? value : otherwise;
}

float GraphReader::number(Node node, const char* name, float otherwise) const {
  float value = 0;
  return read(api_, attribute(node, name), ORT_OP_ATTR_FLOAT, &value) ? value : otherwise;
}

std::string GraphReader::text(Node node, const char* name, const char* otherwise) const {
  const OrtOpAttr* found = attribute(node, name);
  char text[64] = {};
  size_t needed = 0;
  if (!found || !api_.ok(api_->ReadOpAttr(found, ORT_OP_ATTR_STRING, text, sizeof(text) - 1, &needed))) {
    return otherwise;
  }
  return text;
}

std::vector<int64_t> GraphReader::integers(Node node, const char* name) const {
  const OrtOpAttr* found = attribute(node, name);
  int64_t values[Shape::kMaxRank] = {};
  size_t bytes = 0;
  if (!found || !api_.ok(api_->ReadOpAttr(found, ORT_OP_ATTR_INTS, values, sizeof(values), &bytes))) return {};
  return {values, values + bytes / sizeof(int64_t)};
}

std::vector<Node> GraphReader::readers(Value value) const {
  bool leaves = false;
  size_t count = 0;
  api_.check(api_->ValueInfo_IsGraphOutput(value, &leaves));
  if (!leaves) api_.check(api_->ValueInfo_GetValueNumConsumers(value, &count));
  std::vector<Node> found(count);
  std::vector<int64_t> inputs(count);
  if (count) api_.check(api_->ValueInfo_GetValueConsumers(value, found.data(), inputs.data(), count));
  for (int64_t input : inputs) {
    if (input < 0) return {};  // the body of an If or a Loop reads it
  }
  return found;
}

Node GraphReader::reader(Value value) const {
  const auto found = readers(value);
  return found.size() == 1 ? found[0] : nullptr;
}

ONNXTensorElementDataType GraphReader::type(Value value) const {
  const OrtTypeInfo* info = nullptr;
  const OrtTensorTypeAndShapeInfo* tensor = nullptr;
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  if (!value || !api_.ok(api_->GetValueInfoTypeInfo(value, &info)) || !info) return type;
  if (!api_.ok(api_->CastTypeInfoToTensorInfo(info, &tensor)) || !tensor) return type;
  api_.ok(api_->GetTensorElementType(tensor, &type));
  return type;
}

std::optional<Tensor> GraphReader::stored(Value value) const {
  bool is_constant = false;
  const OrtValue* held = nullptr;
  if (!value || !api_.ok(api_->ValueInfo_IsConstantInitializer(value, &is_constant)) || !is_constant) return {};
  if (!api_.ok(api_->ValueInfo_GetInitializerValue(value, &held)) || !held) return {};
  return tensor(api_, held);
}

std::optional<Tensor> GraphReader::constant(Value value) const {
  auto found = stored(value);
  return found && found->type == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT ? found : std::nullopt;
}

std::optional<float> GraphReader::scalar(Value value) const {
  const auto found = constant(value);
  if (!found || found->shape.elements() != 1) return {};
  return *static_cast<const float*>(found->data);
}

}  // namespace onnxprune::plugin
