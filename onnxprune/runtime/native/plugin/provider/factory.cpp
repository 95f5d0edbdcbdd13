#include "plugin/provider/factory.h"

#include "plugin/provider/provider.h"

#ifndef ONNXPRUNE_VERSION
#define ONNXPRUNE_VERSION "0.0.0"
#endif

namespace onnxprune::plugin {
namespace {

const Factory& self(const OrtEpFactory* factory) { return *static_cast<const Factory*>(factory); }

const char* get_name(const OrtEpFactory*) noexcept { return kProviderName; }
const char* get_vendor(const OrtEpFactory*) noexcept { return "onnxprune"; }
uint32_t get_vendor_id(const OrtEpFactory*) noexcept { return 0; }
const char* get_version(const OrtEpFactory*) noexcept { return ONNXPRUNE_VERSION; }
bool is_stream_aware(const OrtEpFactory*) noexcept { return false; }

// Processors, each as a device of this provider; the memory is ONNX Runtime's own.
OrtStatus* get_supported_devices(OrtEpFactory* factory, const OrtHardwareDevice* const* devices, size_t count,
                                 OrtEpDevice** found, size_t capacity, size_t* found_count) noexcept {
  const Factory& own = self(factory);
  return guarded(own.api().table(), [&] {
    *found_count = 0;
    for (size_t i = 0; i < count && *found_count < capacity; ++i) {
      if (own.api()->HardwareDevice_Type(devices[i]) != OrtHardwareDeviceType_CPU) continue;
      OrtEpDevice** slot = found + *found_count;
      own.api().check(own.providers().CreateEpDevice(factory, devices[i], nullptr, nullptr, slot));
      ++*found_count;
    }
  });
}

OrtStatus* create_ep(OrtEpFactory* factory, const OrtHardwareDevice* const*, const OrtKeyValuePairs* const*, size_t,
                     const OrtSessionOptions* session, const OrtLogger* logger, OrtEp** made) noexcept {
  const Factory& own = self(factory);
  return guarded(own.api().table(), [&] {
    *made = nullptr;
    *made = new Provider(own.api(), own.providers(), read_options(own.api(), session), logger);
  });
}

void release_ep(OrtEpFactory*, OrtEp* ep) noexcept { delete static_cast<Provider*>(ep); }

// ONNX Runtime's own memory is used, so there is nothing to make here. It calls these all the same.
OrtStatus* create_allocator(OrtEpFactory*, const OrtMemoryInfo*, const OrtKeyValuePairs*,
                            OrtAllocator** allocator) noexcept {
  *allocator = nullptr;
  return nullptr;
}
void release_allocator(OrtEpFactory*, OrtAllocator*) noexcept {}
OrtStatus* create_data_transfer(OrtEpFactory*, OrtDataTransferImpl** transfer) noexcept {
  *transfer = nullptr;
  return nullptr;
}

}  // namespace

Factory::Factory(const Api& api, const OrtEpApi* providers) : OrtEpFactory{}, api_(api), providers_(providers) {
  ort_version_supported = api.version();
  GetName = get_name;
  GetVendor = get_vendor;
  GetVendorId = get_vendor_id;
  GetVersion = get_version;
  GetSupportedDevices = get_supported_devices;
  CreateEp = create_ep;
  ReleaseEp = release_ep;
  CreateAllocator = create_allocator;
  ReleaseAllocator = release_allocator;
  CreateDataTransfer = create_data_transfer;
  IsStreamAware = is_stream_aware;
}

}  // namespace onnxprune::plugin
