// One float as a vector of one lane, for files that are compiled for a processor with fused multiply-add.
#pragma once

namespace onnxprune {
namespace {

struct V1 {
  using Reg = float;
  static constexpr int kLanes = 1;
  static Reg zero() { return 0.0f; }
  static Reg load(const float* p) { return *p; }
  static Reg one(float v) { return v; }
  static void store(float* p, Reg v) { *p = v; }
  static Reg fma(Reg a, Reg b, Reg c) { return __builtin_fmaf(a, b, c); }
  static Reg add(Reg a, Reg b) { return a + b; }
};

}  // namespace
}  // namespace onnxprune
