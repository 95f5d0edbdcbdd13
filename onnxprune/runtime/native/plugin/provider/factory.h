// What ONNX Runtime asks for providers: this one has the processor for its device, and one provider for every session.
#pragma once

#include "plugin/api.h"

namespace onnxprune::plugin {

class Factory final : public OrtEpFactory {
 public:
  Factory(const Api& api, const OrtEpApi* providers);
  const Api& api() const { return api_; }
  const OrtEpApi& providers() const { return *providers_; }

 private:
  Api api_;
  const OrtEpApi* providers_;
};

}  // namespace onnxprune::plugin
