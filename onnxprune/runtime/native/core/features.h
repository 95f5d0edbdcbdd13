// What the processor can do, asked once.
#pragma once

namespace onnxprune {

// Each flag implies that the operating system saves the registers it needs.
struct Features {
  bool avx2 = false;    // AVX2 and FMA
  bool avx512 = false;  // AVX-512 F, BW, DQ, VL
  bool vnni = false;    // AVX-512 VNNI: products of bytes, four at a time
  bool neon = false;    // AArch64 Advanced SIMD
  bool i8mm = false;    // AArch64 I8MM: products of bytes, four at a time

  // This processor's features, lowered by the environment variable ONNXPRUNE_CPU = generic | neon | avx2 | avx512.
  static Features detect();

  // The same with everything above `level` switched off; an unknown or null level changes nothing.
  Features limited(const char* level) const;

  // The name of the highest level: "avx512", "avx2", "neon" or "generic".
  const char* name() const;
};

}  // namespace onnxprune
