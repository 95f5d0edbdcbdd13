#include "plugin/sparse_matmul/shape.h"

#include <vector>

#include "plugin/sparse_matmul/operator.h"
#include "plugin/tensor.h"

namespace onnxprune::plugin {
namespace {

struct Release {
  const Api& api;
  OrtTensorTypeAndShapeInfo* info;
  ~Release() {
    if (info) api->ReleaseTensorTypeAndShapeInfo(info);
  }
};

int64_t outputs(const Api& api, const OrtShapeInferContext* context) {
  const OrtOpAttr* attribute = nullptr;
  int64_t n = 0;
  size_t size = 0;
  api.check(api->ShapeInferContext_GetAttribute(context, "n", &attribute));
  api.check(api->ReadOpAttr(attribute, ORT_OP_ATTR_INT, &n, sizeof(n), &size));
  return n;
}

}  // namespace

void infer_output(const Api& api, OrtShapeInferContext* context) {
  OrtTensorTypeAndShapeInfo* x = nullptr;  // the context's own
  Release y{api, nullptr};
  size_t rank = 0;
  if (!api.ok(api->ShapeInferContext_GetInputTypeShape(context, kX, &x)) || !x) return;
  api.check(api->GetDimensionsCount(x, &rank));
  if (rank == 0 || rank > Shape::kMaxRank) return;  // unknown, or no matrix
  std::vector<int64_t> lengths(rank);
  std::vector<const char*> names(rank, "");
  api.check(api->GetDimensions(x, lengths.data(), rank));
  api.check(api->GetSymbolicDimensions(x, names.data(), rank));
  lengths.back() = outputs(api, context);
  names.back() = "";
  api.check(api->CreateTensorTypeAndShapeInfo(&y.info));
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
  api.check(api->GetTensorElementType(x, &type));
  api.check(api->SetTensorElementType(y.info, type));
  api.check(api->SetDimensions(y.info, lengths.data(), rank));
  api.check(api->SetSymbolicDimensions(y.info, names.data(), rank));
  api.check(api->ShapeInferContext_SetOutputTypeShape(context, 0, y.info));
}

}  // namespace onnxprune::plugin
