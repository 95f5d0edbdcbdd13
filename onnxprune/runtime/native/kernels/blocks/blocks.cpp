#include "kernels/blocks/blocks.h"

#include <algorithm>

#include "kernels/blocks/columns.h"
#include "kernels/blocks/output_run.h"
#include "kernels/blocks/token_run.h"

namespace onnxprune {
namespace {

// Few tokens, or wide blocks: outputs in lanes, X as it lies. Otherwise tokens in lanes, X transposed.
class Blocks : public Kernel {
 public:
  Blocks(const Packed& packed, const BlockTiles& tiles, Aligned<float> values)
      : values_(std::move(values)),
        columns_(packed),
        name_(tiles.name),
        outputs_(columns_, tiles),
        slices_(columns_, tiles.tokens),
        few_slices_(columns_, tiles.few_tokens),
        tokens_(columns_, tiles, slices_),
        few_(columns_, tiles, few_slices_),
        planes_(slices_, tiles.finish, tokens_.cost(1)),
        tiles_(tiles) {}

  const char* name(int64_t) const override { return name_; }
  bool borrows() const override { return columns_.borrows() && !values_.data(); }
  size_t owned_bytes() const override { return columns_.owned_bytes() + values_.bytes(); }
  size_t scratch_bytes(int64_t m, int threads) const override {
    const TokenRun* tokens = tokens_in_lanes(m);
    return tokens ? tokens->scratch_bytes(m, threads) : outputs_.scratch_bytes(m, threads);
  }
  int64_t cost(int64_t m) const override { return outputs_.cost(m); }
  bool convolves() const override { return true; }
  size_t planes_scratch_bytes(const Planes& planes, int threads) const override {
    if (lie(planes)) return planes_.scratch_bytes(planes, threads);
    return gathers(planes.pixels()).scratch_bytes(planes.pixels(), threads);
  }
  void run(const Job& job) const override {
    if (job.planes) return lie(*job.planes) ? planes_.run(job) : gathers(job.m).run(job);
    const TokenRun* tokens = tokens_in_lanes(job.m);
    tokens ? tokens->run(job) : outputs_.run(job);
  }

 private:
  // Planes have their tokens in lanes already, for windows that are read where they lie, or gathered.
  bool lie(const Planes& planes) const { return planes.pixels() >= tiles_.tokens_from && planes_.suits(planes); }
  const TokenRun& gathers(int64_t pixels) const { return pixels >= tiles_.tokens_from ? tokens_ : few_; }

  // Null where outputs are in lanes.
  const TokenRun* tokens_in_lanes(int64_t m) const {
    if (!outputs_.possible() || (m >= tiles_.tokens_from && columns_.width <= tiles_.tokens_up_to)) return &tokens_;
    return m >= tiles_.few_from && columns_.width <= tiles_.few_up_to ? &few_ : nullptr;
  }

  Aligned<float> values_;  // those that the columns lie in, unless somebody else keeps them
  Columns columns_;
  const char* name_;
  OutputRun outputs_;
  Slices slices_, few_slices_;
  TokenRun tokens_, few_;
  PlaneRun planes_;
  const BlockTiles& tiles_;
};

}  // namespace

const BlockTiles* block_tiles(const Features& features) {
#if defined(ONNXPRUNE_X86)
  if (features.avx512) return &avx512_block_tiles();
  if (features.avx2) return &avx2_block_tiles();
#elif defined(ONNXPRUNE_NEON)
  if (features.neon) return &neon_block_tiles();
#endif
  (void)features;
  return nullptr;
}

std::unique_ptr<const Kernel> block_kernel(const Packed& packed, const BlockTiles& tiles) {
  return std::make_unique<Blocks>(packed, tiles, Aligned<float>());
}

std::unique_ptr<const Kernel> block_kernel(Storage&& storage, const BlockTiles& tiles) {
  const Packed packed = storage.view();
  return std::make_unique<Blocks>(packed, tiles, std::move(storage.values));
}

}  // namespace onnxprune
