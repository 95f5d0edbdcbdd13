// What a library fills in to describe an operator. ONNX Runtime reads no member that is newer than `version`.

ABI_STRUCT(OrtCustomOp) {
  uint32_t version;
  ABI_MEMBER(void*, CreateKernel, const OrtCustomOp*, const OrtApi*, const OrtKernelInfo*);
  ABI_MEMBER(const char*, GetName, const OrtCustomOp*);
  ABI_MEMBER(const char*, GetExecutionProviderType, const OrtCustomOp*);
  ABI_MEMBER(ONNXTensorElementDataType, GetInputType, const OrtCustomOp*, size_t index);
  ABI_MEMBER(size_t, GetInputTypeCount, const OrtCustomOp*);
  ABI_MEMBER(ONNXTensorElementDataType, GetOutputType, const OrtCustomOp*, size_t index);
  ABI_MEMBER(size_t, GetOutputTypeCount, const OrtCustomOp*);
  ABI_MEMBER(void, KernelCompute, void* kernel, OrtKernelContext*);
  ABI_MEMBER(void, KernelDestroy, void* kernel);
  ABI_MEMBER(OrtCustomOpInputOutputCharacteristic, GetInputCharacteristic, const OrtCustomOp*, size_t index);
  ABI_MEMBER(OrtCustomOpInputOutputCharacteristic, GetOutputCharacteristic, const OrtCustomOp*, size_t index);
  ABI_MEMBER(OrtMemType, GetInputMemoryType, const OrtCustomOp*, size_t index);
  ABI_MEMBER(int, GetVariadicInputMinArity, const OrtCustomOp*);
  ABI_MEMBER(int, GetVariadicInputHomogeneity, const OrtCustomOp*);
  ABI_MEMBER(int, GetVariadicOutputMinArity, const OrtCustomOp*);
  ABI_MEMBER(int, GetVariadicOutputHomogeneity, const OrtCustomOp*);
  ABI_MEMBER(OrtStatus*, CreateKernelV2, const OrtCustomOp*, const OrtApi*, const OrtKernelInfo*, void** kernel);
  ABI_MEMBER(OrtStatus*, KernelComputeV2, void* kernel, OrtKernelContext*);
  ABI_MEMBER(OrtStatus*, InferOutputShapeFn, const OrtCustomOp*, OrtShapeInferContext*);
  ABI_MEMBER(int, GetStartVersion, const OrtCustomOp*);
  ABI_MEMBER(int, GetEndVersion, const OrtCustomOp*);
  ABI_MEMBER(size_t, GetMayInplace, int** input, int** output);
  ABI_MEMBER(void, ReleaseMayInplace, int* input, int* output);
  ABI_MEMBER(size_t, GetAliasMap, int** input, int** output);
  ABI_MEMBER(void, ReleaseAliasMap, int* input, int* output);
};
