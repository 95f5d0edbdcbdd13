// What a library fills in to be an execution provider, and the functions that it may call for that.

struct OrtEp;
struct OrtEpFactory;

struct OrtNodeFusionOptions {
  uint32_t ort_version_supported;
  bool drop_constant_initializers;
};

ABI_STRUCT(OrtNodeComputeInfo) {
  uint32_t ort_version_supported;
  ABI_MEMBER(OrtStatus*, CreateState, OrtNodeComputeInfo*, OrtNodeComputeContext*, void** state);
  ABI_MEMBER(OrtStatus*, Compute, OrtNodeComputeInfo*, void* state, OrtKernelContext*);
  ABI_MEMBER(void, ReleaseState, OrtNodeComputeInfo*, void* state);
};

ABI_STRUCT(OrtEpApi) {
  ABI_MEMBER(OrtStatus*, CreateEpDevice, OrtEpFactory*, const OrtHardwareDevice*, const OrtKeyValuePairs* metadata,
             const OrtKeyValuePairs* options, OrtEpDevice**);
  ABI_MEMBER(void, ReleaseEpDevice, OrtEpDevice*);
  ABI_MEMBER(OrtStatus*, EpGraphSupportInfo_AddNodesToFuse, OrtEpGraphSupportInfo*, const OrtNode* const*,
             size_t count, const OrtNodeFusionOptions*);
};

ABI_STRUCT(OrtEp) {
  uint32_t ort_version_supported;
  ABI_MEMBER(const char*, GetName, const OrtEp*);
  ABI_MEMBER(OrtStatus*, GetCapability, OrtEp*, const OrtGraph*, OrtEpGraphSupportInfo*);
  ABI_MEMBER(OrtStatus*, Compile, OrtEp*, const OrtGraph**, const OrtNode** fused, size_t count, OrtNodeComputeInfo**,
             OrtNode** contexts);
  ABI_MEMBER(void, ReleaseNodeComputeInfos, OrtEp*, OrtNodeComputeInfo**, size_t count);
  ABI_SKIP(5, 13);
};

ABI_STRUCT(OrtEpFactory) {
  uint32_t ort_version_supported;
  ABI_MEMBER(const char*, GetName, const OrtEpFactory*);
  ABI_MEMBER(const char*, GetVendor, const OrtEpFactory*);
  ABI_MEMBER(OrtStatus*, GetSupportedDevices, OrtEpFactory*, const OrtHardwareDevice* const*, size_t count,
             OrtEpDevice**, size_t capacity, size_t* found);
  ABI_MEMBER(OrtStatus*, CreateEp, OrtEpFactory*, const OrtHardwareDevice* const*, const OrtKeyValuePairs* const*,
             size_t count, const OrtSessionOptions*, const OrtLogger*, OrtEp**);
  ABI_MEMBER(void, ReleaseEp, OrtEpFactory*, OrtEp*);
  ABI_MEMBER(uint32_t, GetVendorId, const OrtEpFactory*);
  ABI_MEMBER(const char*, GetVersion, const OrtEpFactory*);
  ABI_SKIP(8, 9);
  ABI_MEMBER(OrtStatus*, CreateAllocator, OrtEpFactory*, const OrtMemoryInfo*, const OrtKeyValuePairs*, OrtAllocator**);
  ABI_MEMBER(void, ReleaseAllocator, OrtEpFactory*, OrtAllocator*);
  ABI_MEMBER(OrtStatus*, CreateDataTransfer, OrtEpFactory*, OrtDataTransferImpl**);
  ABI_MEMBER(bool, IsStreamAware, const OrtEpFactory*);
  ABI_SKIP(13, 14);
};
