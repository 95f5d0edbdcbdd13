// Numbers of 16 bits, in portable C++: IEEE binary16 ("float16") and bfloat16, to float32 and back, halves to even.
#pragma once

#include <cstdint>
#include <cstring>

namespace onnxprune {

struct Float16 {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

inline uint32_t bits_of(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, sizeof(bits));
  return bits;
}

inline float float_of(uint32_t bits) {
  float v;
  std::memcpy(&v, &bits, sizeof(v));
  return v;
}

// bits >> places, rounded to the nearest, halves to even. places: 1 to 31.
inline uint32_t shifted(uint32_t bits, int places) {
  const uint32_t half = 1u << (places - 1), rest = bits & (2 * half - 1), whole = bits >> places;
  return whole + (rest > half || (rest == half && (whole & 1)));
}

inline float to_float(float v) { return v; }

inline float to_float(BFloat16 v) { return float_of(static_cast<uint32_t>(v.bits) << 16); }

inline float to_float(Float16 v) {
  const uint32_t sign = static_cast<uint32_t>(v.bits & 0x8000) << 16, rest = v.bits & 0x7fff;
  if (rest >= 0x7c00) return float_of(sign | 0x7f800000 | (rest & 0x3ff) << 13);  // infinity, or NaN
  if (rest >= 0x400) return float_of(sign | ((rest << 13) + (112u << 23)));
  return float_of(sign | bits_of(static_cast<float>(rest) * 0x1p-24f));  // zero, or subnormal
}

template <class T>
T from_float(float v);

template <>
inline float from_float<float>(float v) {
  return v;
}

template <>
inline BFloat16 from_float<BFloat16>(float v) {
  const uint32_t bits = bits_of(v);
  if ((bits & 0x7fffffff) > 0x7f800000) return {static_cast<uint16_t>(bits >> 16 | 0x40)};  // stays a NaN
  return {static_cast<uint16_t>(shifted(bits, 16))};
}

template <>
inline Float16 from_float<Float16>(float v) {
  const uint32_t bits = bits_of(v), sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffff;
  const auto made = [&](uint32_t number) { return Float16{static_cast<uint16_t>(sign | number)}; };
  if (rest > 0x7f800000) return made(0x7e00);
  if (rest >= 0x47800000) return made(0x7c00);                            // 65536 and more
  if (rest >= 0x38800000) return made(shifted(rest - (112u << 23), 13));  // carries into the exponent, up to infinity
  if (rest < 0x33000000) return made(0);                                  // below half of the least
  return made(shifted((rest & 0x7fffff) | 0x800000, 126 - static_cast<int>(rest >> 23)));
}

}  // namespace onnxprune
