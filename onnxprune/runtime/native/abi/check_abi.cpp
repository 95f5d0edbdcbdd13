// Holds the project's declarations against the real headers: every member's place and signature, at compile time.
//
//     g++ -std=c++17 -fsyntax-only -I onnxprune/runtime/native -I HEADERS onnxprune/runtime/native/abi/check_abi.cpp
//
// Nothing is listed here by hand: the declarations are read a second time with macros that compare.
// The real ones carry attributes that templates drop.
#pragma GCC diagnostic ignored "-Wignored-attributes"
#include <onnxruntime_c_api.h>

#include <cstddef>
#include <type_traits>

namespace own {
#include "abi/declarations.h"
}

namespace compare {

// The real type of one of our own: what names the same thing in both.
template <class T>
struct Real {
  using type = T;
};
template <class T>
using RealOf = typename Real<T>::type;
template <class T>
struct Real<T*> {
  using type = RealOf<T>*;
};
template <class T>
struct Real<const T> {
  using type = const RealOf<T>;
};
template <class R, class... A>
struct Real<R(A...)> {
  using type = RealOf<R>(RealOf<A>...);
};

#define TWIN(name)       \
  template <>            \
  struct Real<own::name> { \
    using type = ::name; \
  };
TWIN(ONNXTensorElementDataType)
TWIN(OrtAllocator)
TWIN(OrtAllocatorType)
TWIN(OrtApi)
TWIN(OrtCustomOp)
TWIN(OrtCustomOpDomain)
TWIN(OrtCustomOpInputOutputCharacteristic)
TWIN(OrtDataTransferImpl)
TWIN(OrtEnv)
TWIN(OrtEp)
TWIN(OrtEpApi)
TWIN(OrtEpDevice)
TWIN(OrtEpFactory)
TWIN(OrtEpGraphSupportInfo)
TWIN(OrtErrorCode)
TWIN(OrtGraph)
TWIN(OrtHardwareDevice)
TWIN(OrtHardwareDeviceType)
TWIN(OrtKernelContext)
TWIN(OrtKernelInfo)
TWIN(OrtKeyValuePairs)
TWIN(OrtLogger)
TWIN(OrtLoggingLevel)
TWIN(OrtMemType)
TWIN(OrtMemoryInfo)
TWIN(OrtNode)
TWIN(OrtNodeComputeContext)
TWIN(OrtNodeComputeInfo)
TWIN(OrtNodeFusionOptions)
TWIN(OrtOpAttr)
TWIN(OrtOpAttrType)
TWIN(OrtRunOptions)
TWIN(OrtSession)
TWIN(OrtSessionOptions)
TWIN(OrtShapeInferContext)
TWIN(OrtStatus)
TWIN(OrtTensorTypeAndShapeInfo)
TWIN(OrtTypeInfo)
TWIN(OrtValue)
TWIN(OrtValueInfo)
#undef TWIN

// Some members are noexcept in the real headers; in the ABI that makes no difference.
template <class T>
struct Plain {
  using type = T;
};
template <class R, class... A>
struct Plain<R (*)(A...) noexcept> {
  using type = R (*)(A...);
};

template <class Own, class Theirs>
constexpr bool same = std::is_same_v<RealOf<Own>, typename Plain<Theirs>::type>;

template <class OwnTable, class RealTable>
struct Tables {
  using Own = OwnTable;
  using Theirs = RealTable;
};

}  // namespace compare

namespace checked {
using namespace compare;
#define ABI_STRUCT(name) struct name : Tables<own::name, ::name>
#define ABI_SKIP(first, next) static_assert(first < next)
#define ABI_MEMBER(result, name, ...)                                              \
  static_assert(offsetof(Own, name) == offsetof(Theirs, name), "place of " #name); \
  static_assert(same<decltype(Own::name), decltype(Theirs::name)>, "signature of " #name)
#include "abi/api.h"
#include "abi/custom_op.h"
#include "abi/provider.h"
}  // namespace checked

#if ORT_API_VERSION >= 24
static_assert(offsetof(::OrtApi, GetTensorElementTypeAndShapeDataReference) ==
              own::kShapeReferencePlace * sizeof(void*));
static_assert(compare::same<own::ShapeReference, decltype(::OrtApi::GetTensorElementTypeAndShapeDataReference)>);
#endif

#define FIELD(table, name)                                              \
  static_assert(offsetof(own::table, name) == offsetof(::table, name)); \
  static_assert(std::is_same_v<decltype(own::table::name), decltype(::table::name)>)
FIELD(OrtCustomOp, version);
FIELD(OrtEp, ort_version_supported);
FIELD(OrtEpFactory, ort_version_supported);
FIELD(OrtNodeComputeInfo, ort_version_supported);
FIELD(OrtNodeFusionOptions, ort_version_supported);
FIELD(OrtNodeFusionOptions, drop_constant_initializers);

#define VALUE(name) static_assert(static_cast<int>(own::name) == static_cast<int>(::name))
VALUE(ORT_FAIL);
VALUE(ORT_INVALID_ARGUMENT);
VALUE(ORT_NOT_IMPLEMENTED);
VALUE(ORT_LOGGING_LEVEL_INFO);
VALUE(ORT_LOGGING_LEVEL_WARNING);
VALUE(ORT_LOGGING_LEVEL_ERROR);
VALUE(ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED);
VALUE(ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
VALUE(ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8);
VALUE(ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8);
VALUE(ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16);
VALUE(ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32);
VALUE(ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64);
VALUE(ORT_OP_ATTR_INT);
VALUE(ORT_OP_ATTR_INTS);
VALUE(ORT_OP_ATTR_FLOAT);
VALUE(ORT_OP_ATTR_STRING);
VALUE(INPUT_OUTPUT_REQUIRED);
VALUE(INPUT_OUTPUT_OPTIONAL);
VALUE(OrtMemTypeDefault);
VALUE(OrtArenaAllocator);
VALUE(OrtHardwareDeviceType_CPU);

#define SIZE(name) static_assert(sizeof(own::name) == sizeof(::name))
SIZE(ONNXTensorElementDataType);
SIZE(OrtAllocatorType);
SIZE(OrtCustomOpInputOutputCharacteristic);
SIZE(OrtErrorCode);
SIZE(OrtHardwareDeviceType);
SIZE(OrtLoggingLevel);
SIZE(OrtMemType);
SIZE(OrtOpAttrType);
static_assert(sizeof(own::OrtNodeComputeInfo) == sizeof(::OrtNodeComputeInfo));
static_assert(sizeof(own::OrtNodeFusionOptions) == sizeof(::OrtNodeFusionOptions));
