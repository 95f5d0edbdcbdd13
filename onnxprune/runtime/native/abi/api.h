// The function table of ONNX Runtime. The numbers are places in it, which never change once released.

struct OrtEpApi;
struct OrtCustomOp;

ABI_STRUCT(OrtApi) {
  ABI_MEMBER(OrtStatus*, CreateStatus, OrtErrorCode, const char* message);
  ABI_MEMBER(OrtErrorCode, GetErrorCode, const OrtStatus*);
  ABI_MEMBER(const char*, GetErrorMessage, const OrtStatus*);
  ABI_MEMBER(OrtStatus*, CreateEnv, OrtLoggingLevel, const char* name, OrtEnv**);
  ABI_SKIP(4, 7);
  ABI_MEMBER(OrtStatus*, CreateSession, const OrtEnv*, const ABI_PATH* model, const OrtSessionOptions*, OrtSession**);
  ABI_SKIP(8, 9);
  ABI_MEMBER(OrtStatus*, Run, OrtSession*, const OrtRunOptions*, const char* const* input_names,
             const OrtValue* const* inputs, size_t input_count, const char* const* output_names, size_t output_count,
             OrtValue** outputs);
  ABI_MEMBER(OrtStatus*, CreateSessionOptions, OrtSessionOptions**);
  ABI_SKIP(11, 26);
  ABI_MEMBER(OrtStatus*, CreateCustomOpDomain, const char* domain, OrtCustomOpDomain**);
  ABI_MEMBER(OrtStatus*, CustomOpDomain_Add, OrtCustomOpDomain*, const OrtCustomOp*);
  ABI_MEMBER(OrtStatus*, AddCustomOpDomain, OrtSessionOptions*, OrtCustomOpDomain*);
  ABI_SKIP(29, 49);
  ABI_MEMBER(OrtStatus*, CreateTensorWithDataAsOrtValue, const OrtMemoryInfo*, void* data, size_t bytes,
             const int64_t* shape, size_t rank, ONNXTensorElementDataType, OrtValue**);
  ABI_SKIP(50, 51);
  ABI_MEMBER(OrtStatus*, GetTensorMutableData, OrtValue*, void** data);
  ABI_SKIP(52, 55);
  ABI_MEMBER(OrtStatus*, CastTypeInfoToTensorInfo, const OrtTypeInfo*, const OrtTensorTypeAndShapeInfo**);
  ABI_SKIP(56, 57);
  ABI_MEMBER(OrtStatus*, CreateTensorTypeAndShapeInfo, OrtTensorTypeAndShapeInfo**);
  ABI_MEMBER(OrtStatus*, SetTensorElementType, OrtTensorTypeAndShapeInfo*, ONNXTensorElementDataType);
  ABI_MEMBER(OrtStatus*, SetDimensions, OrtTensorTypeAndShapeInfo*, const int64_t* shape, size_t rank);
  ABI_MEMBER(OrtStatus*, GetTensorElementType, const OrtTensorTypeAndShapeInfo*, ONNXTensorElementDataType*);
  ABI_MEMBER(OrtStatus*, GetDimensionsCount, const OrtTensorTypeAndShapeInfo*, size_t* rank);
  ABI_MEMBER(OrtStatus*, GetDimensions, const OrtTensorTypeAndShapeInfo*, int64_t* shape, size_t rank);
  ABI_MEMBER(OrtStatus*, GetSymbolicDimensions, const OrtTensorTypeAndShapeInfo*, const char** names, size_t rank);
  ABI_SKIP(64, 65);
  ABI_MEMBER(OrtStatus*, GetTensorTypeAndShape, const OrtValue*, OrtTensorTypeAndShapeInfo**);
  ABI_SKIP(66, 69);
  ABI_MEMBER(OrtStatus*, CreateCpuMemoryInfo, OrtAllocatorType, OrtMemType, OrtMemoryInfo**);
  ABI_SKIP(70, 86);
  ABI_MEMBER(OrtStatus*, KernelInfoGetAttribute_int64, const OrtKernelInfo*, const char* name, int64_t*);
  ABI_MEMBER(OrtStatus*, KernelInfoGetAttribute_string, const OrtKernelInfo*, const char* name, char*, size_t* size);
  ABI_SKIP(88, 90);
  ABI_MEMBER(OrtStatus*, KernelContext_GetInput, const OrtKernelContext*, size_t index, const OrtValue**);
  ABI_MEMBER(OrtStatus*, KernelContext_GetOutput, OrtKernelContext*, size_t index, const int64_t* shape, size_t rank,
             OrtValue**);
  ABI_MEMBER(void, ReleaseEnv, OrtEnv*);
  ABI_MEMBER(void, ReleaseStatus, OrtStatus*);
  ABI_MEMBER(void, ReleaseMemoryInfo, OrtMemoryInfo*);
  ABI_MEMBER(void, ReleaseSession, OrtSession*);
  ABI_MEMBER(void, ReleaseValue, OrtValue*);
  ABI_SKIP(97, 99);
  ABI_MEMBER(void, ReleaseTensorTypeAndShapeInfo, OrtTensorTypeAndShapeInfo*);
  ABI_MEMBER(void, ReleaseSessionOptions, OrtSessionOptions*);
  ABI_MEMBER(void, ReleaseCustomOpDomain, OrtCustomOpDomain*);
  ABI_SKIP(102, 163);
  ABI_MEMBER(OrtStatus*, KernelInfoGetAttributeArray_int64, const OrtKernelInfo*, const char* name, int64_t*,
             size_t* count);
  ABI_SKIP(164, 193);
  ABI_MEMBER(OrtStatus*, KernelContext_GetGPUComputeStream, const OrtKernelContext*, void** stream);
  ABI_SKIP(194, 228);
  ABI_MEMBER(OrtStatus*, RegisterCustomOpsLibrary_V2, OrtSessionOptions*, const ABI_PATH* library);
  ABI_SKIP(229, 230);
  ABI_MEMBER(OrtStatus*, KernelInfo_GetInputCount, const OrtKernelInfo*, size_t* count);
  ABI_SKIP(231, 237);
  ABI_MEMBER(OrtStatus*, HasSessionConfigEntry, const OrtSessionOptions*, const char* key, int* found);
  ABI_MEMBER(OrtStatus*, GetSessionConfigEntry, const OrtSessionOptions*, const char* key, char*, size_t* size);
  ABI_SKIP(239, 244);
  ABI_MEMBER(OrtStatus*, KernelInfo_GetNodeName, const OrtKernelInfo*, char*, size_t* size);
  ABI_MEMBER(OrtStatus*, KernelInfo_GetLogger, const OrtKernelInfo*, const OrtLogger**);
  ABI_SKIP(246, 247);
  ABI_MEMBER(OrtStatus*, Logger_LogMessage, const OrtLogger*, OrtLoggingLevel, const char* message,
             const ABI_PATH* file, int line, const char* function);
  ABI_SKIP(248, 249);
  ABI_MEMBER(OrtStatus*, KernelInfoGetConstantInput_tensor, const OrtKernelInfo*, size_t index, int* constant,
             const OrtValue**);
  ABI_SKIP(250, 267);
  ABI_MEMBER(OrtStatus*, ShapeInferContext_GetInputCount, const OrtShapeInferContext*, size_t* count);
  ABI_MEMBER(OrtStatus*, ShapeInferContext_GetInputTypeShape, const OrtShapeInferContext*, size_t index,
             OrtTensorTypeAndShapeInfo**);
  ABI_MEMBER(OrtStatus*, ShapeInferContext_GetAttribute, const OrtShapeInferContext*, const char* name,
             const OrtOpAttr**);
  ABI_MEMBER(OrtStatus*, ShapeInferContext_SetOutputTypeShape, const OrtShapeInferContext*, size_t index,
             const OrtTensorTypeAndShapeInfo*);
  ABI_MEMBER(OrtStatus*, SetSymbolicDimensions, OrtTensorTypeAndShapeInfo*, const char** names, size_t rank);
  ABI_MEMBER(OrtStatus*, ReadOpAttr, const OrtOpAttr*, OrtOpAttrType, void*, size_t size, size_t* needed);
  ABI_SKIP(273, 274);
  ABI_MEMBER(OrtStatus*, KernelContext_ParallelFor, const OrtKernelContext*, void (*task)(void*, size_t), size_t count,
             size_t batches, void* data);
  ABI_SKIP(275, 289);
  // from version 22 on
  ABI_MEMBER(OrtStatus*, GetValueInfoName, const OrtValueInfo*, const char** name);
  ABI_MEMBER(OrtStatus*, GetValueInfoTypeInfo, const OrtValueInfo*, const OrtTypeInfo**);
  ABI_SKIP(291, 301);
  ABI_MEMBER(OrtStatus*, RegisterExecutionProviderLibrary, OrtEnv*, const char* name, const ABI_PATH* library);
  ABI_MEMBER(OrtStatus*, UnregisterExecutionProviderLibrary, OrtEnv*, const char* name);
  ABI_MEMBER(OrtStatus*, GetEpDevices, const OrtEnv*, const OrtEpDevice* const**, size_t* count);
  ABI_MEMBER(OrtStatus*, SessionOptionsAppendExecutionProvider_V2, OrtSessionOptions*, OrtEnv*,
             const OrtEpDevice* const*, size_t device_count, const char* const* keys, const char* const* values,
             size_t option_count);
  ABI_SKIP(305, 307);
  ABI_MEMBER(OrtHardwareDeviceType, HardwareDevice_Type, const OrtHardwareDevice*);
  ABI_SKIP(308, 312);
  ABI_MEMBER(const char*, EpDevice_EpName, const OrtEpDevice*);
  ABI_SKIP(313, 317);
  ABI_MEMBER(const OrtEpApi*, GetEpApi);
  // from version 23 on
  ABI_SKIP(318, 324);
  ABI_MEMBER(OrtStatus*, ValueInfo_GetValueNumConsumers, const OrtValueInfo*, size_t* count);
  ABI_MEMBER(OrtStatus*, ValueInfo_GetValueConsumers, const OrtValueInfo*, const OrtNode**, int64_t* inputs,
             size_t count);
  ABI_MEMBER(OrtStatus*, ValueInfo_GetInitializerValue, const OrtValueInfo*, const OrtValue**);
  ABI_SKIP(327, 330);
  ABI_MEMBER(OrtStatus*, ValueInfo_IsGraphOutput, const OrtValueInfo*, bool*);
  ABI_MEMBER(OrtStatus*, ValueInfo_IsConstantInitializer, const OrtValueInfo*, bool*);
  ABI_SKIP(332, 338);
  ABI_MEMBER(OrtStatus*, Graph_GetNumInputs, const OrtGraph*, size_t* count);
  ABI_MEMBER(OrtStatus*, Graph_GetInputs, const OrtGraph*, const OrtValueInfo**, size_t count);
  ABI_SKIP(340, 344);
  ABI_MEMBER(OrtStatus*, Graph_GetNumNodes, const OrtGraph*, size_t* count);
  ABI_MEMBER(OrtStatus*, Graph_GetNodes, const OrtGraph*, const OrtNode**, size_t count);
  ABI_SKIP(346, 349);
  ABI_MEMBER(OrtStatus*, Node_GetName, const OrtNode*, const char**);
  ABI_MEMBER(OrtStatus*, Node_GetOperatorType, const OrtNode*, const char**);
  ABI_MEMBER(OrtStatus*, Node_GetDomain, const OrtNode*, const char**);
  ABI_SKIP(352, 353);
  ABI_MEMBER(OrtStatus*, Node_GetNumInputs, const OrtNode*, size_t* count);
  ABI_MEMBER(OrtStatus*, Node_GetInputs, const OrtNode*, const OrtValueInfo**, size_t count);
  ABI_MEMBER(OrtStatus*, Node_GetNumOutputs, const OrtNode*, size_t* count);
  ABI_MEMBER(OrtStatus*, Node_GetOutputs, const OrtNode*, const OrtValueInfo**, size_t count);
  ABI_SKIP(357, 361);
  ABI_MEMBER(OrtStatus*, Node_GetAttributeByName, const OrtNode*, const char* name, const OrtOpAttr**);
};

ABI_STRUCT(OrtApiBase) {
  ABI_MEMBER(const OrtApi*, GetApi, uint32_t version);
  ABI_MEMBER(const char*, GetVersionString);
};
