#include "cuda/pairs.h"

#include "core/split.h"
#include "cuda/fragments.h"
#include "cuda/outputs.h"

namespace onnxprune::cuda {
namespace {

constexpr int kGroup = 4, kKept = 2;
constexpr int kStored = kPairInputs / kGroup * kKept;  // numbers of an output in a step

// What an output keeps in a step, and where: numbers and, group by group, two places of two bits, the lower first.
struct Kept {
  float numbers[kStored];
  uint32_t places = 0;
};

// in(j) is input j of the step's.
template <class In>
Kept kept_of(const In& in) {
  Kept made;
  for (int group = 0; group < kPairInputs / kGroup; ++group) {
    int at[kKept] = {0, 1}, found = 0;
    for (int j = 0; j < kGroup; ++j)
      if (in(group * kGroup + j) != 0 && found < kKept) at[found++] = j;
    if (found == 1) {  // a zero for company, and places that rise
      const int only = at[0];
      at[0] = only == 3 ? 2 : only, at[1] = only == 3 ? 3 : only + 1;
    }
    for (int j = 0; j < kKept; ++j) {
      made.numbers[group * kKept + j] = in(group * kGroup + at[j]);
      made.places |= static_cast<uint32_t>(at[j]) << (4 * group + 2 * j);
    }
  }
  return made;
}

}  // namespace

bool is_pairs(const Packed& p) {
  return p.grouped() && p.dtype == WeightType::f32 && kGroup % p.group == 0 && p.kept * (kGroup / p.group) <= kKept;
}

Pairs arrange_pairs(const Packed& packed, Number number) {
  check(packed);
  Pairs made;
  made.k = packed.k, made.n = packed.n;
  made.tiles = ceil_div(packed.n, kRows), made.steps = ceil_div(packed.k, 2 * kPairInputs) * 2;
  made.fragments.reserve(made.tiles * made.steps * kLanes * kWords);
  std::vector<float> dense;
  for (int64_t tile = 0; tile < made.tiles; ++tile) {
    write_outputs(packed, tile * kRows, kRows, &dense);
    for (int64_t step = 0; step < made.steps; ++step) {
      Kept rows[kRows];
      for (int output = 0; output < kRows; ++output)
        rows[output] = kept_of([&](int64_t j) {
          const int64_t input = step * kPairInputs + j;
          return input < packed.k ? dense[input * kRows + output] : 0.0f;
        });
      for (int lane = 0; lane < kLanes; ++lane)
        for (int word = 0; word < kWords; ++word) {
          const Kept& row = rows[output_at(lane, word)];
          made.fragments.push_back(word_of(number, false, word_at(lane, word), [&](int j) { return row.numbers[j]; }));
        }
      if (step % 2 == 0) made.places.resize(made.places.size() + kLanes);
      uint32_t* places = made.places.data() + made.places.size() - kLanes;
      for (int g = 0; g < kRows / 2; ++g)
        for (int half = 0; half < 2; ++half)
          places[g * 4 + (step % 2) * 2 + half] =
              (rows[g].places >> (16 * half) & 0xffff) | (rows[g + 8].places >> (16 * half) & 0xffff) << 16;
    }
  }
  return made;
}

}  // namespace onnxprune::cuda
