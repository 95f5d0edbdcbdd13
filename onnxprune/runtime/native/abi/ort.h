// ONNX Runtime's C ABI, as far as the plug-in uses it: the project's own declarations, or the real headers.
//
// Building needs no header of ONNX Runtime. Its function tables only ever grow at the end, so that declarations of
// API version 23 (ONNX Runtime 1.23) serve every later release. abi/check_abi.cpp holds them against the real headers,
// and -DORT_INCLUDE_DIR=... compiles everything with those instead.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef ONNXPRUNE_REAL_ORT_HEADERS
#include <onnxruntime_c_api.h>
#define ABI_CALL ORT_API_CALL
#include "abi/later.h"
#else
#include "abi/declarations.h"
#endif

namespace onnxprune {

/// The newest API version that members are used of, but for abi/later.h.
constexpr uint32_t kApiVersion = 23;

/// The first API version with a ShapeReference.
constexpr uint32_t kShapeReferenceVersion = 24;

/// The first API version with everything that the operator needs (KernelContext_ParallelFor).
constexpr uint32_t kOperatorApiVersion = 17;

/// The first API version with everything that the execution provider needs.
constexpr uint32_t kProviderApiVersion = 23;

}  // namespace onnxprune
