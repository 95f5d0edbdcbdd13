// Calling ONNX Runtime, and being called by it: its statuses are exceptions on this side of the boundary.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

#include "abi/ort.h"

namespace onnxprune::plugin {

// What went wrong, as one sentence. The code is never ORT_EP_FAIL: Python would silently run the model again on the
// CPU.
class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& sentence, OrtErrorCode code = ORT_FAIL)
      : std::runtime_error(sentence), code_(code) {}
  OrtErrorCode code() const { return code_; }

 private:
  OrtErrorCode code_;
};

// The function table of the ONNX Runtime that loaded the library. A process may hold several; each has its own.
class Api {
 public:
  Api() = default;
  Api(const OrtApi* table, uint32_t version, uint32_t release, ShapeReference shape)
      : table_(table), version_(version), release_(release), shape_(shape) {}

  const OrtApi* operator->() const { return table_; }
  const OrtApi* table() const { return table_; }
  // Of the table: what it has, at most kApiVersion.
  uint32_t version() const { return version_; }
  // What the runtime is itself: 32 for ONNX Runtime 1.32.
  uint32_t release() const { return release_; }
  // Null where the runtime is too old for it.
  ShapeReference shape_reference() const { return shape_; }

  // Throws a Failure with the status' words, unless all went well. Takes the status over.
  void check(OrtStatus* status) const;
  // Whether all went well; the words are dropped.
  bool ok(OrtStatus* status) const;

 private:
  const OrtApi* table_ = nullptr;
  uint32_t version_ = 0, release_ = 0;
  ShapeReference shape_ = nullptr;
};

// Asks for no newer table than the runtime has, because it would be refused.
// Throws a Failure where the runtime is older than `least`.
Api connect(const OrtApiBase* base, uint32_t least, const char* what_for);

// Runs the body of a function that ONNX Runtime calls: nothing is thrown across the boundary.
template <class Body>
OrtStatus* guarded(const OrtApi* table, Body&& body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const Failure& failure) {
    return table->CreateStatus(failure.code(), failure.what());
  } catch (const std::exception& failure) {
    return table->CreateStatus(ORT_FAIL, failure.what());
  } catch (...) {
    return table->CreateStatus(ORT_FAIL, "onnxprune: an unknown exception");
  }
}

}  // namespace onnxprune::plugin
