#include "cuda/strips.h"

#include <algorithm>
#include <array>

#include "core/split.h"
#include "cuda/fragments.h"
#include "cuda/outputs.h"

namespace onnxprune::cuda {
namespace {

constexpr int kBanks = 8;  // rows of shared memory that can be read at once are of different numbers modulo this

// Round by round one of each remainder, so that neighbours are of different ones as long as there are some.
std::vector<int64_t> spread(const std::vector<int64_t>& units) {
  std::array<std::vector<int64_t>, kBanks> by_bank;
  for (const int64_t unit : units) by_bank[unit % kBanks].push_back(unit);
  std::vector<int64_t> order;
  order.reserve(units.size());
  for (size_t round = 0; order.size() < units.size(); ++round)
    for (const auto& bank : by_bank)
      if (round < bank.size()) order.push_back(bank[round]);
  return order;
}

class Arranger {
 public:
  Arranger(const Packed& packed, Number number, int tiles, int64_t chunk)
      : packed_(packed), number_(number), bytes_(packed.dtype == WeightType::int8) {
    depth_ = bytes_ ? ByteMma::kInputs : 1;
    made_.k = packed.k, made_.n = packed.n, made_.tiles = tiles, made_.chunk = chunk;
    made_.units = bytes_ || number == Number::f32 ? 8 : 16;
    made_.strips = ceil_div(packed.n, outputs());
    made_.chunks = ceil_div(ceil_div(packed.k, depth_), chunk);
    if (bytes_) made_.sums.assign(packed.n, 0);
  }

  Strips all() {
    for (int64_t strip = 0; strip < made_.strips; ++strip) add(strip);
    return std::move(made_);
  }

 private:
  int64_t outputs() const { return made_.tiles * kRows; }

  void add(int64_t strip) {
    const int64_t first = strip * outputs();
    write_outputs(packed_, first, outputs(), &dense_);
    for (int64_t o = first; bytes_ && o < std::min(first + outputs(), packed_.n); ++o)
      for (int64_t i = 0; i < packed_.k; ++i) made_.sums[o] += static_cast<int32_t>(at(i, o - first));
    for (int64_t c = 0; c < made_.chunks; ++c) {
      made_.begin.push_back(static_cast<uint32_t>(made_.steps()));
      add_chunk(c * made_.chunk);
    }
    made_.begin.push_back(static_cast<uint32_t>(made_.steps()));
  }

  void add_chunk(int64_t from) {
    std::vector<int64_t> needed;
    const int64_t end = std::min(from + made_.chunk, ceil_div(packed_.k, depth_));
    for (int64_t unit = from; unit < end; ++unit)
      if (is_needed(unit)) needed.push_back(unit - from);
    needed = spread(needed);
    for (size_t i = 0; i < needed.size(); i += made_.units) {
      std::vector<int64_t> step(needed.begin() + i, needed.begin() + std::min(i + made_.units, needed.size()));
      add_step(from, step);
    }
  }

  void add_step(int64_t from, const std::vector<int64_t>& step) {
    for (int j = 0; j < made_.units; ++j)
      made_.unit.push_back(static_cast<uint16_t>(j < static_cast<int>(step.size()) ? step[j] : 0));
    for (int tile = 0; tile < made_.tiles; ++tile)
      for (int lane = 0; lane < kLanes; ++lane)
        for (int word = 0; word < kWords; ++word) {
          const int64_t output = tile * kRows + output_at(lane, word);
          made_.fragments.push_back(word_of(number_, bytes_, word_at(lane, word), [&](int64_t input) {
            const int64_t j = input / depth_;
            return j < static_cast<int64_t>(step.size()) ? at((from + step[j]) * depth_ + input % depth_, output) : 0;
          }));
        }
  }

  bool is_needed(int64_t unit) const {
    const int64_t from = unit * depth_ * outputs(), end = std::min((unit + 1) * depth_, packed_.k) * outputs();
    return std::any_of(dense_.begin() + from, dense_.begin() + end, [](float v) { return v != 0; });
  }

  float at(int64_t input, int64_t output) const {
    return input < packed_.k ? dense_[input * outputs() + output] : 0.0f;
  }

  const Packed& packed_;
  const Number number_;
  const bool bytes_;
  int64_t depth_ = 1;
  Strips made_;
  std::vector<float> dense_;  // of one strip: [k][outputs]
};

// Clocks of an SM for a step and 16 rows of X: reading them from shared memory, or 2 mma for every tile. From the
// throughputs that NVIDIA publishes for its tensor cores; never measured.
double clocks(int tiles) { return std::max(4.0, 2 * 1.6 * tiles); }

}  // namespace

Strips arrange_strips(const Packed& packed, Number number, int tiles, int64_t chunk) {
  check(packed);
  return Arranger(packed, number, tiles, chunk).all();
}

Strips arrange_strips(const Packed& packed, Number number, int64_t chunk) {
  Strips best = arrange_strips(packed, number, 4, chunk);
  for (const int tiles : {2, 1}) {
    Strips other = arrange_strips(packed, number, tiles, chunk);
    if (other.steps() * clocks(tiles) < best.steps() * clocks(best.tiles)) best = std::move(other);
  }
  return best;
}

}  // namespace onnxprune::cuda
