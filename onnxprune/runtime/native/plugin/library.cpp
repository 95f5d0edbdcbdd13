// What the library exports: the functions by which ONNX Runtime takes it as a library of operators, or of a provider.
#include <exception>

#include "plugin/provider/factory.h"
#include "plugin/sparse_matmul/operator.h"

#ifdef _WIN32
#define EXPORTED extern "C" __declspec(dllexport)
#else
#define EXPORTED extern "C" __attribute__((visibility("default")))
#endif

using namespace onnxprune::plugin;

namespace {

// A status even where the runtime is too old for what is asked of it: the first version of its table is in all.
template <class Body>
OrtStatus* exported(const OrtApiBase* base, Body&& body) noexcept {
  return guarded(base->GetApi(1), body);
}

}  // namespace

// SessionOptions.register_custom_ops_library(path)
EXPORTED OrtStatus* RegisterCustomOps(OrtSessionOptions* options, const OrtApiBase* base) {
  return exported(base, [&] {
    const Api api = onnxprune::plugin::connect(base, onnxprune::kOperatorApiVersion, "the operator ai.onnxprune::SparseMatMul");
    api.check(api->AddCustomOpDomain(options, operators(api)));
  });
}

// register_execution_provider_library(name, path)
EXPORTED OrtStatus* CreateEpFactories(const char*, const OrtApiBase* base, const OrtLogger*, OrtEpFactory** factories,
                                      size_t capacity, size_t* count) {
  return exported(base, [&] {
    *count = 0;
    const Api api = onnxprune::plugin::connect(base, onnxprune::kProviderApiVersion, "OnnxPruneExecutionProvider");
    if (capacity < 1) throw Failure("there is no room for OnnxPruneExecutionProvider");
    factories[0] = new Factory(api, api->GetEpApi());
    *count = 1;
  });
}

EXPORTED OrtStatus* ReleaseEpFactory(OrtEpFactory* factory) {
  delete static_cast<Factory*>(factory);
  return nullptr;
}
