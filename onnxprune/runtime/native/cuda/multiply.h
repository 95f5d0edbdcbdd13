// Sparse weights on a machine with kernels: which arrays they need there, and which blocks multiply them.
//
// Templates over the machine, which is CUDA's (multiplier.cu) or an emulated one (emulated/machine.h), and has
//   Device              what kernels' bodies run on
//   Array<T>(host)      an array that stays as it was made: data(), bytes()
//   Scratch(n, stream)  bytes that last until work of the stream behind it: data()
//   shared_bytes()      of shared memory, that a block can have
//   kMostPanels         blocks above each other
//   launch(x, y, shared, stream, work)   work(device) for every thread of x by y blocks of Work::kWarps warps
#pragma once

#include <string>

#include "core/split.h"
#include "cuda/device/bytes.h"
#include "cuda/device/pairs.h"
#include "cuda/device/strips.h"
#include "cuda/multiplier.h"
#include "cuda/pairs.h"
#include "cuda/strips.h"

namespace onnxprune::cuda {

constexpr int kFew = 16, kMany = 64;  // rows of X in a panel

template <class Mma, int kTiles, int kPanel, class T>
struct StripsWork {
  static constexpr int kWarps = kStripWarps;
  StripsJob<Mma, T> job;
  template <class Device>
  ONNXPRUNE_DEVICE void operator()(Device& device) const {
    multiply_strips<Device, Mma, kTiles, kPanel>(device, job);
  }
};

template <class Mma>
struct PairsWork {
  static constexpr int kWarps = kPairWarps;
  PairsJob<Mma> job;
  template <class Device>
  ONNXPRUNE_DEVICE void operator()(Device& device) const {
    multiply_pairs(device, job);
  }
};

template <class T>
struct BytesWork {
  static constexpr int kWarps = kByteWarps;
  BytesJob<T> job;
  template <class Device>
  ONNXPRUNE_DEVICE void operator()(Device& device) const {
    quantise_rows(device, job);
  }
};

inline bool on_vector(const void* data) { return reinterpret_cast<uintptr_t>(data) % sizeof(Sixteen) == 0; }

template <class T>
Output<T> output_of(const Call& call, int64_t n) {
  return {static_cast<T*>(call.y),
          static_cast<const T*>(call.bias),
          static_cast<const T*>(call.residual),
          call.residual_stride,
          call.m,
          n,
          call.act,
          call.sum_first};
}

// Calls run for some rows of X at a time, at most `most` panels of them. size: of an element.
template <class Run>
void in_parts(const Call& call, int64_t k, int64_t n, int64_t size, int64_t most, const Run& run) {
  for (int64_t row = 0; row < call.m; row += most) {
    Call part = call;
    part.m = call.m - row < most ? call.m - row : most;
    part.x = static_cast<const char*>(call.x) + row * k * size;
    part.y = static_cast<char*>(call.y) + row * n * size;
    if (call.residual) part.residual = static_cast<const char*>(call.residual) + row * call.residual_stride * size;
    run(part);
  }
}

// How many units of X, `bytes` each, of kMany rows lie in shared memory beside those of another block.
inline int64_t chunk_of(int64_t units, int64_t bytes, int64_t shared) {
  const int64_t fits = shared / 2 / ((kMany + kPad) * bytes) / 16 * 16, needed = (units + 15) / 16 * 16;
  return needed < fits ? needed : fits;
}

template <class Machine, class Mma, class T>
class StripsMultiplier final : public Multiplier {
 public:
  StripsMultiplier(const Packed& packed, Number number, const char* type)
      : StripsMultiplier(packed, arrange_strips(packed, number, chunk(packed)), type) {}

  const char* name() const override { return name_.c_str(); }

  size_t bytes() const override {
    return begin_.bytes() + unit_.bytes() + fragments_.bytes() + sums_.bytes() + scales_.bytes();
  }

  void run(const Call& call) const override {
    if (call.m <= kFew) return with_panel<kFew>(call);
    in_parts(call, k_, n_, sizeof(T), Machine::kMostPanels * kMany, [&](const Call& part) { with_panel<kMany>(part); });
  }

 private:
  template <class Element>
  using Array = typename Machine::template Array<Element>;
  static constexpr bool kBytes = Mma::kInputs == 4;

  static int64_t chunk(const Packed& packed) {
    return chunk_of(ceil_div(packed.k, Mma::kInputs), sizeof(typename Mma::X), Machine::shared_bytes());
  }

  StripsMultiplier(const Packed& packed, const Strips& strips, const char* type)
      : k_(packed.k),
        n_(packed.n),
        tiles_(strips.tiles),
        strips_(strips.strips),
        chunks_(strips.chunks),
        chunk_(strips.chunk),
        name_("strips/" + std::string(type) + "/" + std::to_string(strips.tiles * kRows)),
        begin_(strips.begin),
        unit_(strips.unit),
        fragments_(strips.fragments),
        sums_(strips.sums) {
    if (kBytes) scales_ = Array<float>(std::vector<float>(packed.scales, packed.scales + packed.n));
  }

  template <int kPanel>
  void with_panel(const Call& call) const {
    if (tiles_ == 4) return multiply<4, kPanel>(call);
    tiles_ == 2 ? multiply<2, kPanel>(call) : multiply<1, kPanel>(call);
  }

  template <int kTiles, int kPanel>
  void multiply(const Call& call) const {
    StripsJob<Mma, T> job;
    job.weight = {begin_.data(), unit_.data(), fragments_.data(), strips_, chunks_, chunk_};
    job.out = output_of<T>(call, n_);
    if constexpr (kBytes) {
      const int64_t words = (k_ + 3) / 4, row = words * 4;
      const typename Machine::Scratch scratch(call.m * (row + sizeof(float) + sizeof(int32_t)), call.stream);
      auto* x = reinterpret_cast<uint32_t*>(scratch.data());
      auto* scale = reinterpret_cast<float*>(x + call.m * words);
      auto* zero = reinterpret_cast<int32_t*>(scale + call.m);
      const BytesWork<T> quantise{{static_cast<const T*>(call.x), call.m, k_, words, x, scale, zero}};
      Machine::launch(ceil_div(call.m, kByteWarps), 1, 0, call.stream, quantise);
      job.x = {x, call.m, words, words, false};
      job.steps = {scale, zero, scales_.data(), sums_.data()};
      launch<kTiles, kPanel>(job, call.stream);
    } else {
      job.x = {static_cast<const T*>(call.x), call.m, k_, k_, k_ % 8 == 0 && on_vector(call.x)};
      job.steps = {};
      launch<kTiles, kPanel>(job, call.stream);
    }
  }

  template <int kTiles, int kPanel>
  void launch(const StripsJob<Mma, T>& job, void* stream) const {
    Machine::launch(ceil_div(strips_, kStripWarps), ceil_div(job.out.m, kPanel),
                    strips_shared_bytes<typename Machine::Device, Mma, kPanel>(chunk_), stream,
                    StripsWork<Mma, kTiles, kPanel, T>{job});
  }

  const int64_t k_, n_;
  const int tiles_;
  const int64_t strips_, chunks_, chunk_;
  const std::string name_;
  Array<uint32_t> begin_;
  Array<uint16_t> unit_;
  Array<uint32_t> fragments_;
  Array<int32_t> sums_;
  Array<float> scales_;
};

template <class Machine, class Mma>
class PairsMultiplier final : public Multiplier {
 public:
  PairsMultiplier(const Packed& packed, Number number, const char* name)
      : PairsMultiplier(arrange_pairs(packed, number), name) {}

  const char* name() const override { return name_; }
  size_t bytes() const override { return fragments_.bytes() + places_.bytes(); }

  void run(const Call& call) const override {
    using T = typename Mma::X;
    in_parts(call, k_, n_, sizeof(T), Machine::kMostPanels * kPairPanel, [&](const Call& part) {
      const bool aligned = k_ % 8 == 0 && on_vector(part.x);
      const PairsJob<Mma> job{{fragments_.data(), places_.data(), tiles_, steps_},
                              static_cast<const T*>(part.x),
                              k_,
                              aligned,
                              output_of<T>(part, n_)};
      Machine::launch(ceil_div(tiles_, kPairWarps * kPairTiles), ceil_div(part.m, kPairPanel), pair_shared_bytes(),
                      part.stream, PairsWork<Mma>{job});
    });
  }

 private:
  PairsMultiplier(const Pairs& pairs, const char* name)
      : k_(pairs.k),
        n_(pairs.n),
        tiles_(pairs.tiles),
        steps_(pairs.steps),
        name_(name),
        fragments_(pairs.fragments),
        places_(pairs.places) {}

  const int64_t k_, n_, tiles_, steps_;
  const char* const name_;
  typename Machine::template Array<uint32_t> fragments_, places_;
};

template <class Machine, class Mma>
std::unique_ptr<const Multiplier> halves(const Packed& packed, Number number, const char* type, const char* pairs) {
  if (is_pairs(packed)) return std::make_unique<PairsMultiplier<Machine, Mma>>(packed, number, pairs);
  return std::make_unique<StripsMultiplier<Machine, Mma, typename Mma::X>>(packed, number, type);
}

template <class Machine>
std::unique_ptr<const Multiplier> in_bytes(const Packed& packed, Number number) {
  if (number == Number::f16)
    return std::make_unique<StripsMultiplier<Machine, ByteMma, Float16>>(packed, number, "int8");
  if (number == Number::bf16)
    return std::make_unique<StripsMultiplier<Machine, ByteMma, BFloat16>>(packed, number, "int8");
  return std::make_unique<StripsMultiplier<Machine, ByteMma, float>>(packed, number, "int8");
}

template <class Machine>
std::unique_ptr<const Multiplier> create_on(const Packed& packed, Number number) {
  check(packed);
  if (packed.dtype == WeightType::int8) return in_bytes<Machine>(packed, number);
  if (number == Number::f16) return halves<Machine, Float16Mma>(packed, number, "f16", "pairs/f16");
  if (number == Number::bf16) return halves<Machine, BFloat16Mma>(packed, number, "bf16", "pairs/bf16");
  return std::make_unique<StripsMultiplier<Machine, Tf32Mma, float>>(packed, number, "tf32");
}

}  // namespace onnxprune::cuda
