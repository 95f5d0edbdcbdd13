#include "plugin/sparse_matmul/operator.h"

#include <map>
#include <memory>
#include <mutex>

#include "plugin/sparse_matmul/kernel.h"
#include "plugin/sparse_matmul/shape.h"

namespace onnxprune::plugin {
namespace {

// Before this release, ONNX Runtime crashes when it infers shapes behind a node that leaves out an input before another.
constexpr uint32_t kShapesOfPresentInputs = 24;

struct Operator final : OrtCustomOp {
  explicit Operator(const Api& own) : OrtCustomOp{}, api(own) {}
  Api api;
};

const Api& api_of(const OrtCustomOp* op) { return static_cast<const Operator*>(op)->api; }

const char* get_name(const OrtCustomOp*) noexcept { return kOperatorName; }
const char* get_provider(const OrtCustomOp*) noexcept { return nullptr; }  // the CPU

size_t get_input_count(const OrtCustomOp*) noexcept { return kInputCount; }
size_t get_output_count(const OrtCustomOp*) noexcept { return 1; }

// UNDEFINED takes any type; the kernel looks closer.
ONNXTensorElementDataType get_input_type(const OrtCustomOp*, size_t index) noexcept {
  if (index == kValues || index == kIndex) return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  return index == kPointer ? ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 : ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
}
ONNXTensorElementDataType get_output_type(const OrtCustomOp*, size_t) noexcept {
  return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
}

OrtCustomOpInputOutputCharacteristic get_input_kind(const OrtCustomOp*, size_t index) noexcept {
  return index <= kIndex ? INPUT_OUTPUT_REQUIRED : INPUT_OUTPUT_OPTIONAL;
}
OrtCustomOpInputOutputCharacteristic get_output_kind(const OrtCustomOp*, size_t) noexcept {
  return INPUT_OUTPUT_REQUIRED;
}
OrtMemType get_memory(const OrtCustomOp*, size_t) noexcept { return OrtMemTypeDefault; }
int one(const OrtCustomOp*) noexcept { return 1; }
int zero(const OrtCustomOp*) noexcept { return 0; }
int newest(const OrtCustomOp*) noexcept { return INT32_MAX; }

OrtStatus* create(const OrtCustomOp* op, const OrtApi* table, const OrtKernelInfo* info, void** kernel) noexcept {
  return guarded(table, [&] {
    *kernel = nullptr;
    *kernel = Kernel::create(api_of(op), info).release();
  });
}

OrtStatus* compute(void* kernel, OrtKernelContext* context) noexcept {
  const auto& own = *static_cast<const Kernel*>(kernel);
  return guarded(own.api().table(), [&] { own.run(context); });
}

void destroy(void* kernel) noexcept { delete static_cast<Kernel*>(kernel); }

OrtStatus* infer_shape(const OrtCustomOp* op, OrtShapeInferContext* context) noexcept {
  return guarded(api_of(op).table(), [&] { infer_output(api_of(op), context); });
}

void fill(Operator* op) {
  op->version = op->api.version();  // a larger one than the runtime's would be refused
  op->GetName = get_name;
  op->GetExecutionProviderType = get_provider;
  op->GetInputType = get_input_type;
  op->GetInputTypeCount = get_input_count;
  op->GetOutputType = get_output_type;
  op->GetOutputTypeCount = get_output_count;
  op->GetInputCharacteristic = get_input_kind;
  op->GetOutputCharacteristic = get_output_kind;
  op->GetInputMemoryType = get_memory;
  op->GetVariadicInputMinArity = one;
  op->GetVariadicInputHomogeneity = zero;
  op->GetVariadicOutputMinArity = one;
  op->GetVariadicOutputHomogeneity = zero;
  op->CreateKernelV2 = create;
  op->KernelComputeV2 = compute;
  op->KernelDestroy = destroy;
  if (op->api.release() >= kShapesOfPresentInputs) op->InferOutputShapeFn = infer_shape;
  op->GetStartVersion = one;
  op->GetEndVersion = newest;
}

OrtCustomOpDomain* make(const Api& api) {
  OrtCustomOpDomain* domain = nullptr;
  auto op = std::make_unique<Operator>(api);
  fill(op.get());
  api.check(api->CreateCustomOpDomain(kDomain, &domain));
  api.check(api->CustomOpDomain_Add(domain, op.get()));
  op.release();  // the domain's from here on
  return domain;
}

}  // namespace

OrtCustomOpDomain* operators(const Api& api) {
  static std::mutex mutex;
  static auto& made = *new std::map<const OrtApi*, OrtCustomOpDomain*>;
  const std::lock_guard<std::mutex> lock(mutex);
  auto& domain = made[api.table()];
  if (!domain) domain = make(api);
  return domain;
}

}  // namespace onnxprune::plugin
