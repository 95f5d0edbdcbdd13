// A model with sparse weights in ONNX Runtime, from C++.
//
//     sparse RUNTIME LIBRARY MODEL ROWS COLUMNS OUTPUTS      the input `x` is ROWS by COLUMNS ones, the output is `y`
//
//     c++ -std=c++17 -I onnxprune/runtime/native docs/examples/sparse.cpp -ldl -o sparse
//
// abi/ort.h declares what is used of ONNX Runtime; with its own headers, include onnxruntime_c_api.h instead. RUNTIME is
// libonnxruntime.so, the one in Python's package too: it is loaded by its path here, and linked to in most programs.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "abi/ort.h"

static const OrtApi* ort = nullptr;

static void check(OrtStatus* status) {
  if (!status) return;
  std::fprintf(stderr, "%s\n", ort->GetErrorMessage(status));
  std::exit(1);
}

static const OrtApi* load(const char* runtime) {
  void* library = dlopen(runtime, RTLD_NOW | RTLD_LOCAL);
  auto* base = library ? reinterpret_cast<const OrtApiBase* (*)()>(dlsym(library, "OrtGetApiBase")) : nullptr;
  const OrtApi* api = base ? base()->GetApi(onnxprune::kApiVersion) : nullptr;
  if (!api) std::fprintf(stderr, "%s is no ONNX Runtime 1.23 or newer\n", runtime);
  return api;
}

// The provider in front of the CPU's, for dense weights with zeros.
static void add_provider(OrtEnv* env, OrtSessionOptions* options, const char* library) {
  const OrtEpDevice* const* devices = nullptr;
  size_t count = 0;
  check(ort->RegisterExecutionProviderLibrary(env, "onnxprune", library));
  check(ort->GetEpDevices(env, &devices, &count));
  const char *key = "min_gain", *value = "1.2";
  for (size_t i = 0; i < count; ++i) {
    if (std::strcmp(ort->EpDevice_EpName(devices[i]), "OnnxPruneExecutionProvider")) continue;
    check(ort->SessionOptionsAppendExecutionProvider_V2(options, env, devices + i, 1, &key, &value, 1));
  }
}

static double total(OrtSession* session, int64_t rows, int64_t columns, int64_t outputs) {
  std::vector<float> ones(static_cast<size_t>(rows * columns), 1.0f);
  const int64_t shape[] = {rows, columns};
  OrtMemoryInfo* memory = nullptr;
  OrtValue *x = nullptr, *y = nullptr;
  void* data = nullptr;
  check(ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
  check(ort->CreateTensorWithDataAsOrtValue(memory, ones.data(), ones.size() * sizeof(float), shape, 2,
                                            ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &x));
  const char *in = "x", *out = "y";
  check(ort->Run(session, nullptr, &in, &x, 1, &out, 1, &y));
  check(ort->GetTensorMutableData(y, &data));
  const float* values = static_cast<const float*>(data);
  const double sum = std::accumulate(values, values + rows * outputs, 0.0);
  ort->ReleaseValue(x);
  ort->ReleaseValue(y);
  ort->ReleaseMemoryInfo(memory);
  return sum;
}

int main(int count, char** words) {
  if (count != 7 || !(ort = load(words[1]))) return 2;
  OrtEnv* env = nullptr;
  OrtSessionOptions* options = nullptr;
  OrtSession* session = nullptr;
  check(ort->CreateEnv(ORT_LOGGING_LEVEL_WARNING, "example", &env));
  check(ort->CreateSessionOptions(&options));
  check(ort->RegisterCustomOpsLibrary_V2(options, words[2]));  // weights that are packed in the file
  add_provider(env, options, words[2]);
  check(ort->CreateSession(env, words[3], options, &session));
  std::printf("%f\n", total(session, std::atol(words[4]), std::atol(words[5]), std::atol(words[6])));
  ort->ReleaseSession(session);
  ort->ReleaseSessionOptions(options);
  check(ort->UnregisterExecutionProviderLibrary(env, "onnxprune"));
  ort->ReleaseEnv(env);
}
