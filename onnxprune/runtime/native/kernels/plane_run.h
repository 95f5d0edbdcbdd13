// A whole convolution with pixels in lanes, whose windows are read where they lie.
//
// As Elsen et al. do for windows of one pixel (2020, "Fast Sparse ConvNets"); wider ones read shifted images.
#pragma once

#include "kernels/finish/finish.h"
#include "kernels/kernel.h"
#include "kernels/windows.h"

namespace onnxprune {

// How a kernel sums up pixels.
class PixelSums {
 public:
  // k inputs, n outputs; `step` of them are summed up by a call, whose pixels are at most `vectors` vectors of `lanes`;
  // `band`, a multiple of step, are written together. copies: X is to be [k][vectors * lanes], on cache lines.
  struct Sizes {
    int64_t k, n, step, band, lanes, vectors;
    bool copies;
  };
  virtual ~PixelSums() = default;
  virtual Sizes sizes() const = 0;
  // x.at: null where copies. y [step][vectors * lanes] = the sums of outputs `first`, a multiple of step, and on; rows
  // behind n don't matter. bias: [n] or null.
  virtual void sum(const View& x, int64_t first, int64_t vectors, const float* bias, float* y) const = 0;
};

class PlaneRun {
 public:
  // sums: must outlive this. cost: of a pixel, as core/split.h counts it.
  PlaneRun(const PixelSums& sums, Finish finish, int64_t cost);

  // Whether that takes less than to gather the windows.
  bool suits(const Planes& planes) const;
  size_t scratch_bytes(const Planes& planes, int threads) const;
  void run(const Job& job) const;

 private:
  // How places are cut: strips, in tiles of at most sizes_.vectors, and parts of the outputs of each strip.
  struct Plan {
    int64_t vectors, tiles, strips, parts, workers;
  };
  // The places of a tile.
  struct Places {
    int64_t first, end, vectors;  // those that are there lie before `end`
  };

  Plan plan(const Windows& windows, const ParallelFor& parallel) const;
  int64_t strip_vectors(const Windows& windows) const;
  // Of a worker's scratch: a copy of X, sums, and all of it with the strip.
  int64_t copy_floats() const;
  int64_t sums_floats() const { return sizes_.band * sizes_.vectors * sizes_.lanes; }
  int64_t worker_floats(const Windows& windows) const;
  View copied(const View& x, int64_t tokens, float* to) const;
  Places places(const Windows& windows, const Plan& plan, int64_t tile) const;
  void band(const Job& job, const Windows& windows, const View& x, const Places& places, int64_t first,
            float* sums) const;
  void put(const Job& job, const Windows& windows, const Places& places, int64_t first, int64_t outputs,
           const float* sums) const;

  const PixelSums& sums_;
  const PixelSums::Sizes sizes_;
  const Finish finish_;
  const int64_t cost_;
};

}  // namespace onnxprune
