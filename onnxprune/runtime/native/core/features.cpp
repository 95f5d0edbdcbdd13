#include "core/features.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace onnxprune {
namespace {

#if defined(__x86_64__) || defined(__i386__)
constexpr uint32_t kFma = 1u << 12, kXsave = 1u << 27, kAvx = 1u << 28;
constexpr uint32_t kAvx2 = 1u << 5, kAvx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // F, DQ, BW, VL
constexpr uint32_t kVnni = 1u << 11;  // of the third word, unlike the others
constexpr uint32_t kYmmState = 0x6, kZmmState = 0xe6;

uint32_t saved_state() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

bool all(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

Features processor() {
  Features features;
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !all(c, kFma | kXsave | kAvx)) return features;
  const uint32_t state = saved_state();
  if (!all(state, kYmmState) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return features;
  features.avx2 = all(b, kAvx2);
  features.avx512 = features.avx2 && all(state, kZmmState) && all(b, kAvx512);
  features.vnni = features.avx512 && all(c, kVnni);
  return features;
}
#elif defined(__aarch64__)
Features processor() {
  Features features;
  features.neon = true;
#ifdef __linux__
  constexpr unsigned long kI8mm = 1u << 13;
  features.i8mm = getauxval(AT_HWCAP2) & kI8mm;
#endif
  return features;
}
#else
Features processor() { return {}; }
#endif

}  // namespace

Features Features::limited(const char* level) const {
  Features features = *this;
  if (!level) return features;
  const bool generic = !std::strcmp(level, "generic");
  if (generic || !std::strcmp(level, "avx2")) features.avx512 = features.vnni = false;
  if (generic || !std::strcmp(level, "neon")) features.i8mm = false;
  if (generic) features.avx2 = features.neon = false;
  return features;
}

Features Features::detect() {
  static const Features features = processor();
  return features.limited(std::getenv("ONNXPRUNE_CPU"));
}

const char* Features::name() const {
  if (avx512) return "avx512";
  if (avx2) return "avx2";
  return neon ? "neon" : "generic";
}

}  // namespace onnxprune
