// The pairs kernel: weights with two of four inputs, through sparse tensor cores. A warp for every tile of outputs
// (kTiles of them), a block for some and 64 rows of X, which pass through shared memory chunk by chunk while the
// next chunk is on its way.
#pragma once

#include "cuda/device/finish.h"

namespace onnxprune::cuda {

constexpr int kPairWarps = 4;
constexpr int kPairTiles = 2;                // of 16 outputs, for every warp
constexpr int kPairPanel = 64;               // rows of X
constexpr int kPairChunk = 64;               // inputs: a pair of steps
constexpr int kPairStride = kPairChunk + 8;  // numbers; rows eight apart meet in no bank

struct PairArrays {
  const uint32_t* fragments;
  const uint32_t* places;
  int64_t tiles, steps;
};

template <class Mma>
struct PairsJob {
  PairArrays weight;
  const typename Mma::X* x;
  int64_t k;
  bool aligned;  // rows of X begin on 16 bytes, and k is a multiple of 8
  Output<typename Mma::X> out;
};

ONNXPRUNE_BOTH int64_t pair_shared_bytes() {
  const int64_t panels = 2 * kPairPanel * kPairStride * 2, stage = stage_bytes<kPairPanel>(kPairWarps);
  return panels > stage ? panels : stage;
}

template <class Device, class Mma>
ONNXPRUNE_DEVICE void fill_pairs(Device& d, const PairsJob<Mma>& job, int64_t token0, int64_t chunk) {
  using T = typename Mma::X;
  T* to = static_cast<T*>(d.shared()) + chunk % 2 * kPairPanel * kPairStride;
  constexpr int kAtOnce = 8, kPieces = kPairChunk / kAtOnce;
  for (int i = d.thread(); i < kPairPanel * kPieces; i += d.threads()) {
    const int64_t token = token0 + i / kPieces, input = chunk * kPairChunk + i % kPieces * kAtOnce;
    T* place = to + i / kPieces * kPairStride + i % kPieces * kAtOnce;
    const T* from = job.x + token * job.k + input;
    if (job.aligned && token < job.out.m && input < job.k) {
      d.copy_sixteen(place, from);
      continue;
    }
    for (int j = 0; j < kAtOnce; ++j) place[j] = token < job.out.m && input + j < job.k ? from[j] : T{0};
  }
  d.commit_copies();
}

template <class Device, class Mma>
ONNXPRUNE_DEVICE void multiply_pairs(Device& d, const PairsJob<Mma>& job) {
  using T = typename Mma::X;
  const PairArrays& w = job.weight;
  const int64_t tile0 = (d.block_x() * kPairWarps + d.warp()) * kPairTiles, token0 = d.block_y() * kPairPanel;
  const int64_t chunks = w.steps / 2;
  const int lane = d.lane();
  float sums[kPairTiles][kPairPanel / kTokens][4] = {};
  fill_pairs(d, job, token0, 0);
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    if (chunk + 1 < chunks) {
      fill_pairs(d, job, token0, chunk + 1);
      d.wait_for_copies_but_one();
    } else {
      d.wait_for_copies();
    }
    d.sync();
    ONNXPRUNE_UNROLL
    for (int step = 0; step < 2; ++step) {
      uint32_t a[kPairTiles][kWords], places[kPairTiles];
      ONNXPRUNE_UNROLL
      for (int i = 0; i < kPairTiles; ++i) {
        const int64_t tile = tile0 + i < w.tiles ? tile0 + i : w.tiles - 1;
        d.load_four(w.fragments + ((tile * w.steps + chunk * 2 + step) * kLanes + lane) * kWords, a[i]);
        places[i] = w.places[(tile * chunks + chunk) * kLanes + lane];
      }
      ONNXPRUNE_UNROLL
      for (int group = 0; group < kPairPanel / kTokens; ++group) {
        // Four 8 x 8 matrices: eight tokens by the step's inputs 0 to 7, 8 to 15, 16 to 23, 24 to 31.
        const T* row = static_cast<const T*>(d.shared()) +
                       (chunk % 2 * kPairPanel + group * kTokens + lane % 8) * kPairStride + step * 32 + lane / 8 * 8;
        uint32_t b[4];
        d.load_matrices(row, b[0], b[1], b[2], b[3]);
        ONNXPRUNE_UNROLL
        for (int i = 0; i < kPairTiles; ++i) d.mma_pairs(Mma(), sums[i][group], a[i], b, places[i], step);
      }
    }
    d.sync();
  }
  ONNXPRUNE_UNROLL
  for (int i = 0; i < kPairTiles; ++i)
    store_tile<kPairPanel>(d, sums[i], [&](int row, int column, float sum) {
      const int64_t token = token0 + row, output = (tile0 + i) * kRows + column;
      if (token < job.out.m && output < job.out.n) job.out.store(token, output, sum);
    });
}

}  // namespace onnxprune::cuda
