#include "kernels/int8/int8.h"

#include "kernels/int8/groups.h"
#include "kernels/int8/output_run.h"
#include "kernels/int8/token_run.h"

namespace onnxprune::int8 {
namespace {

// Few tokens, or wide blocks of neighbouring inputs: outputs in lanes. Otherwise tokens in lanes, X transposed.
class Tiled : public Kernel {
 public:
  Tiled(const Packed& packed, const Tiles& tiles)
      : groups_(packed, tiles.group), tiles_(tiles), outputs_(groups_, tiles), tokens_(groups_, tiles) {}

  const char* name(int64_t) const override { return tiles_.name; }
  bool borrows() const override { return false; }
  size_t owned_bytes() const override { return groups_.owned_bytes(); }
  size_t scratch_bytes(int64_t m, int threads) const override {
    return tokens_in_lanes(m) ? tokens_.scratch_bytes(m, threads) : outputs_.scratch_bytes(m, threads);
  }
  int64_t cost(int64_t m) const override { return outputs_.cost(m); }
  const Tiles* quantises() const override { return &tiles_; }
  void run(const Job& job) const override { tokens_in_lanes(job.m) ? tokens_.run(job) : outputs_.run(job); }

 private:
  bool tokens_in_lanes(int64_t m) const {
    if (!outputs_.possible()) return true;
    if (groups_.loose) return m >= tiles_.loose_from;
    return (m >= tiles_.tokens_from && groups_.width <= tiles_.tokens_up_to) ||
           (m >= tiles_.few_from && groups_.width <= tiles_.few_up_to);
  }

  Groups groups_;
  const Tiles& tiles_;
  OutputRun outputs_;
  TokenRun tokens_;
};

}  // namespace

const Tiles* tiles(const Features& features) {
#if defined(ONNXPRUNE_X86)
  if (features.vnni) return &vnni_tiles();
  if (features.avx2) return &avx2_tiles();
#elif defined(ONNXPRUNE_NEON)
  if (features.i8mm) return &i8mm_tiles();
  if (features.neon) return &neon_tiles();
#endif
  (void)features;
  return nullptr;
}

std::unique_ptr<const Kernel> tiled_kernel(const Packed& packed, const Tiles& tiles) {
  return std::make_unique<Tiled>(packed, tiles);
}

}  // namespace onnxprune::int8
