#include "plugin/api.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace onnxprune::plugin {
namespace {

// "1.32.0" has API version 32.
uint32_t api_version(const char* release) {
  char* rest = nullptr;
  const unsigned long major = std::strtoul(release, &rest, 10);
  if (major != 1 || *rest != '.') return kApiVersion;
  return static_cast<uint32_t>(std::strtoul(rest + 1, nullptr, 10));
}

ShapeReference shape_reference(const OrtApiBase* base, uint32_t newest) {
  const OrtApi* table = newest >= kShapeReferenceVersion ? base->GetApi(kShapeReferenceVersion) : nullptr;
  ShapeReference found = nullptr;
  if (table)
    std::memcpy(&found, reinterpret_cast<const char*>(table) + kShapeReferencePlace * sizeof(found), sizeof(found));
  return found;
}

}  // namespace

void Api::check(OrtStatus* status) const {
  if (!status) return;
  const std::string words = table_->GetErrorMessage(status);
  table_->ReleaseStatus(status);
  throw Failure(words);
}

bool Api::ok(OrtStatus* status) const {
  if (status) table_->ReleaseStatus(status);
  return !status;
}

Api connect(const OrtApiBase* base, uint32_t least, const char* what_for) {
  const char* release = base->GetVersionString();
  const uint32_t newest = api_version(release), version = std::min(newest, kApiVersion);
  const OrtApi* table = base->GetApi(version);
  if (version < least || !table) {
    throw Failure(
        std::string(what_for) + " needs ONNX Runtime 1." + std::to_string(least) + " or newer, but this is " + release,
        ORT_NOT_IMPLEMENTED);
  }
  return {table, version, newest, shape_reference(base, newest)};
}

}  // namespace onnxprune::plugin
