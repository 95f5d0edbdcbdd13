// A panel of X in shared memory: some rows of X (tokens) by a chunk of its units, unit by unit, so that units that a
// weight needs can be picked one by one.
#pragma once

#include "cuda/device/finish.h"

namespace onnxprune::cuda {

// Elements behind the tokens of a unit, which put neighbouring units into different banks.
constexpr int kPad = 8;

// x: [m][stride]; the chunk begins at unit `from`, and units from `units` on are zeros.
template <class T>
struct Source {
  const T* x;
  int64_t m, stride, units;
  bool aligned;  // rows begin on 16 bytes
};

// Units of one word: bytes by fours, or numbers as tensor cores take them.
template <class Device, class Mma, int kPanel>
struct WordPanel {
  using T = typename Mma::X;
  static constexpr int kStride = kPanel + kPad;

  static ONNXPRUNE_BOTH int64_t bytes(int64_t chunk) { return chunk * kStride * 4; }

  static ONNXPRUNE_DEVICE uint32_t word(uint32_t v) { return v; }
  static ONNXPRUNE_DEVICE uint32_t word(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    return tf32(bits);
  }

  static ONNXPRUNE_DEVICE void fill(Device& d, const Source<T>& source, int64_t token0, int64_t from, int64_t chunk) {
    auto* to = static_cast<uint32_t*>(d.shared());
    for (int64_t i = d.thread(); i < chunk * kPanel; i += d.threads()) {
      const int64_t token = token0 + i % kPanel, unit = from + i / kPanel;
      const bool inside = token < source.m && unit < source.units;
      to[i / kPanel * kStride + i % kPanel] = inside ? word(source.x[token * source.stride + unit]) : 0;
    }
  }

  // For 16 tokens from `token` on, what two mma take; unit: the step's.
  static ONNXPRUNE_DEVICE void load(Device& d, const uint16_t* unit, int token, uint32_t (&b)[2][2]) {
    const auto* from = static_cast<const uint32_t*>(d.shared());
    const int g = d.lane() / 4, t = d.lane() % 4;
    const uint32_t *low = from + unit[t] * kStride + token + g, *high = from + unit[t + 4] * kStride + token + g;
    ONNXPRUNE_UNROLL
    for (int half = 0; half < 2; ++half) b[half][0] = low[half * kTokens], b[half][1] = high[half * kTokens];
  }
};

// Units of 16 bits: read eight by eight, transposed on the way into registers (ldmatrix).
template <class Device, class Mma, int kPanel>
struct HalfPanel {
  using T = typename Mma::X;
  static constexpr int kStride = kPanel + kPad;

  static ONNXPRUNE_BOTH int64_t bytes(int64_t chunk) { return chunk * kStride * 2; }

  static ONNXPRUNE_DEVICE void fill(Device& d, const Source<T>& source, int64_t token0, int64_t from, int64_t chunk) {
    source.aligned ? fill_by_eight(d, source, token0, from, chunk) : fill_by_one(d, source, token0, from, chunk);
  }

  static ONNXPRUNE_DEVICE void fill_by_one(Device& d, const Source<T>& source, int64_t token0, int64_t from,
                                           int64_t chunk) {
    auto* to = static_cast<T*>(d.shared());
    for (int64_t i = d.thread(); i < chunk * kPanel; i += d.threads()) {
      const int64_t token = token0 + i % kPanel, unit = from + i / kPanel;
      const bool inside = token < source.m && unit < source.units;
      to[i / kPanel * kStride + i % kPanel] = inside ? source.x[token * source.stride + unit] : T{0};
    }
  }

  // Eight units of two tokens: two reads of 16 bytes, eight writes of a word. stride and chunk are multiples of 8.
  static ONNXPRUNE_DEVICE void fill_by_eight(Device& d, const Source<T>& source, int64_t token0, int64_t from,
                                             int64_t chunk) {
    auto* to = static_cast<T*>(d.shared());
    for (int64_t i = d.thread(); i < chunk / 8 * (kPanel / 2); i += d.threads()) {
      const int64_t token = i % (kPanel / 2) * 2, unit = i / (kPanel / 2) * 8;
      Sixteen one = {}, two = {};
      const auto read_eight = [&](int64_t row, Sixteen* eight) {
        if (row < source.m && from + unit < source.units)
          *eight = d.load_sixteen(source.x + row * source.stride + from + unit);
      };
      read_eight(token0 + token, &one), read_eight(token0 + token + 1, &two);
      ONNXPRUNE_UNROLL
      for (int j = 0; j < 8; ++j) {
        const int right = j % 2 * 16;
        const uint32_t pair = (one.word[j / 2] >> right & 0xffff) | (two.word[j / 2] >> right & 0xffff) << 16;
        *reinterpret_cast<uint32_t*>(to + (unit + j) * kStride + token) = pair;
      }
    }
  }

  static ONNXPRUNE_DEVICE void load(Device& d, const uint16_t* unit, int token, uint32_t (&b)[2][2]) {
    // Lane by lane the rows of four 8 x 8 matrices: units 0 to 7 and 8 to 15 of tokens 0 to 7, then of 8 to 15.
    const int lane = d.lane();
    const auto* row = static_cast<const T*>(d.shared()) + unit[lane % 16] * kStride + token + lane / 16 * kTokens;
    d.load_transposed(row, b[0][0], b[0][1], b[1][0], b[1][1]);
  }
};

template <class Device, class Mma, int kPanel>
struct PanelOf {
  using type = HalfPanel<Device, Mma, kPanel>;
};
template <class Device, int kPanel>
struct PanelOf<Device, Tf32Mma, kPanel> {
  using type = WordPanel<Device, Tf32Mma, kPanel>;
};
template <class Device, int kPanel>
struct PanelOf<Device, ByteMma, kPanel> {
  using type = WordPanel<Device, ByteMma, kPanel>;
};

}  // namespace onnxprune::cuda
