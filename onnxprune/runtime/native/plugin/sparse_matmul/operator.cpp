#include "plugin/sparse_matmul/operator.h"

#include <map>
#include <memory>
#include <mutex>

#include "plugin/sparse_matmul/on_cpu.h"
#include "plugin/sparse_matmul/on_cuda.h"
#include "plugin/sparse_matmul/shape.h"

namespace onnxprune::plugin {
namespace {

// Before this release, ONNX Runtime crashes when it infers shapes behind a node that leaves out an input before
// another.
constexpr uint32_t kShapesOfPresentInputs = 24;

// ONNX Runtime takes one for every place and every type of X, and finds the one that fits a node.
struct Operator final : OrtCustomOp {
  Operator(const Api& own, const char* where, ONNXTensorElementDataType number)
      : OrtCustomOp{}, api(own), provider(where), type(number) {}
  Api api;
  const char* provider;  // null: the CPU
  ONNXTensorElementDataType type;
};

const Operator& own(const OrtCustomOp* op) { return *static_cast<const Operator*>(op); }

const char* get_name(const OrtCustomOp*) noexcept { return kOperatorName; }
const char* get_provider(const OrtCustomOp* op) noexcept { return own(op).provider; }

size_t get_input_count(const OrtCustomOp*) noexcept { return kInputCount; }
size_t get_output_count(const OrtCustomOp*) noexcept { return 1; }

// UNDEFINED takes any type; the kernel looks closer.
ONNXTensorElementDataType get_input_type(const OrtCustomOp* op, size_t index) noexcept {
  if (index == kValues || index == kIndex) return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  if (index == kPointer) return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32;
  return index == kScales ? ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT : own(op).type;
}
ONNXTensorElementDataType get_output_type(const OrtCustomOp* op, size_t) noexcept { return own(op).type; }

OrtCustomOpInputOutputCharacteristic get_input_kind(const OrtCustomOp*, size_t index) noexcept {
  return index <= kIndex ? INPUT_OUTPUT_REQUIRED : INPUT_OUTPUT_OPTIONAL;
}
OrtCustomOpInputOutputCharacteristic get_output_kind(const OrtCustomOp*, size_t) noexcept {
  return INPUT_OUTPUT_REQUIRED;
}

// Arrays of the weight are arranged by the host, wherever the product is computed.
OrtMemType get_memory(const OrtCustomOp*, size_t index) noexcept {
  return index >= kValues && index <= kScales ? OrtMemTypeCPUInput : OrtMemTypeDefault;
}
int one(const OrtCustomOp*) noexcept { return 1; }
int zero(const OrtCustomOp*) noexcept { return 0; }
int newest(const OrtCustomOp*) noexcept { return INT32_MAX; }

#ifdef ONNXPRUNE_CUDA
cuda::Number number_of(ONNXTensorElementDataType type) {
  if (type == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16) return cuda::Number::f16;
  return type == ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 ? cuda::Number::bf16 : cuda::Number::f32;
}
#endif

std::unique_ptr<Kernel> kernel_of(const Operator& op, const OrtKernelInfo* info) {
#ifdef ONNXPRUNE_CUDA
  if (op.provider) return std::make_unique<OnCuda>(op.api, info, number_of(op.type));
#endif
  return std::make_unique<OnCpu>(op.api, info);
}

OrtStatus* create(const OrtCustomOp* op, const OrtApi* table, const OrtKernelInfo* info, void** kernel) noexcept {
  return guarded(table, [&] {
    *kernel = nullptr;
    try {
      *kernel = kernel_of(own(op), info).release();
    } catch (const std::exception& failure) {
      throw Failure(sentence(own(op).api, info, failure));
    }
  });
}

OrtStatus* compute(void* kernel, OrtKernelContext* context) noexcept {
  const auto& node = *static_cast<const Kernel*>(kernel);
  return guarded(node.api().table(), [&] { node.run(context); });
}

void destroy(void* kernel) noexcept { delete static_cast<Kernel*>(kernel); }

OrtStatus* infer_shape(const OrtCustomOp* op, OrtShapeInferContext* context) noexcept {
  return guarded(own(op).api.table(), [&] { infer_output(own(op).api, context); });
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

void add(OrtCustomOpDomain* domain, const Api& api, const char* provider, ONNXTensorElementDataType type) {
  auto op = std::make_unique<Operator>(api, provider, type);
  fill(op.get());
  api.check(api->CustomOpDomain_Add(domain, op.get()));
  op.release();  // the domain's from here on
}

OrtCustomOpDomain* make(const Api& api) {
  OrtCustomOpDomain* domain = nullptr;
  api.check(api->CreateCustomOpDomain(kDomain, &domain));
  add(domain, api, nullptr, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
  add(domain, api, nullptr, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16);
#ifdef ONNXPRUNE_CUDA
  for (const auto type : {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16,
                          ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16})
    add(domain, api, "CUDAExecutionProvider", type);
#endif
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
