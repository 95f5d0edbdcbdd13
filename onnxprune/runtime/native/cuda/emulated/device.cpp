#include "cuda/emulated/device.h"

#include <algorithm>

namespace onnxprune::cuda {
namespace {

// Kinds of meetings: their addresses.
const char kBlock = 0, kWarp = 0, kFrom = 0, kMatrices = 0, kTransposed = 0, kMma = 0, kPairs = 0;

float number(Float16, uint32_t bits) { return to_float(Float16{static_cast<uint16_t>(bits)}); }
float number(BFloat16, uint32_t bits) { return to_float(BFloat16{static_cast<uint16_t>(bits)}); }

// Number j of a row in words, of which there are `each` in a word.
template <class T>
double in_word(uint32_t word, int j) {
  return number(T{}, word >> (16 * (j % 2)));
}
template <>
double in_word<float>(uint32_t word, int) {
  return float_of(word & ~0x1fffu);  // tf32: the rest isn't looked at
}
template <>
double in_word<int8_t>(uint32_t word, int j) {
  return static_cast<int8_t>(word >> (8 * (j % 4)));
}
template <>
double in_word<uint8_t>(uint32_t word, int j) {
  return static_cast<uint8_t>(word >> (8 * (j % 4)));
}

template <class T>
constexpr int kEach = 2;
template <>
constexpr int kEach<float> = 1;
template <>
constexpr int kEach<int8_t> = 4;

// X of a byte mma has no sign.
template <class T>
struct XOf {
  using type = T;
};
template <>
struct XOf<int8_t> {
  using type = uint8_t;
};

// The word of A with input i of output `row`, in the manual's layout, and the lane that has it.
struct Place {
  int lane, word;
};
Place in_a(int row, int i, int each) {
  const int word = i / each;  // of the eight of a row
  return {row % 8 * 4 + word % 4, row / 8 + word / 4 * 2};
}
Place in_b(int column, int i, int each) {
  const int word = i / each;
  return {column * 4 + word % 4, word / 4};
}

}  // namespace

void Emulated::sync() {
  block_.meeting.join(block_.lanes, &kBlock, [] {});
}

void Emulated::sync_warp() {
  own().meeting.join(block_.lanes, &kWarp, [] {});
}

// What every lane brings can be read until leave().
void Emulated::bring(const void* what, const void* words, size_t bytes) {
  std::memcpy(own().brought[lane()].data(), words, bytes);
  own().meeting.join(block_.lanes, what, [] {});
}

void Emulated::leave(const void* what) {
  own().meeting.join(block_.lanes, what, [] {});
}

float Emulated::from_lane(float v, int lane) {
  bring(&kFrom, &v, sizeof(v));
  const float got = float_of(own().brought[lane % kLanes][0]);
  leave(&kFrom);
  return got;
}

Sixteen Emulated::load_sixteen(const void* from) {
  if (reinterpret_cast<uintptr_t>(from) % 16) throw std::runtime_error("a vector is read from an odd address");
  Sixteen got;
  std::memcpy(&got, from, sizeof(got));
  return got;
}

void Emulated::load_four(const uint32_t* from, uint32_t (&to)[4]) {
  const Sixteen got = load_sixteen(from);
  std::copy(std::begin(got.word), std::end(got.word), to);
}

std::array<uint32_t, 4> Emulated::rows(const void* what, const void* row, bool transposed) {
  const auto address = reinterpret_cast<uintptr_t>(row), shared = reinterpret_cast<uintptr_t>(block_.shared.data());
  if (address % 16 || address < shared || address + 16 > shared + block_.shared.size())
    throw std::runtime_error("a row of a matrix doesn't lie in shared memory, or at an odd address");
  bring(what, row, 16);
  const auto at = [&](int matrix, int r, int c) -> uint32_t {
    const uint32_t word = own().brought[matrix * 8 + r][c / 2];
    return word >> (16 * (c % 2)) & 0xffff;
  };
  std::array<uint32_t, 4> got;
  const int r = lane() / 4, c = lane() % 4 * 2;
  for (int matrix = 0; matrix < 4; ++matrix)
    got[matrix] =
        transposed ? at(matrix, c, r) | at(matrix, c + 1, r) << 16 : at(matrix, r, c) | at(matrix, r, c + 1) << 16;
  leave(what);
  return got;
}

void Emulated::load_matrices(const void* row, uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d) {
  const auto got = rows(&kMatrices, row, false);
  a = got[0], b = got[1], c = got[2], d = got[3];
}

void Emulated::load_transposed(const void* row, uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d) {
  const auto got = rows(&kTransposed, row, true);
  a = got[0], b = got[1], c = got[2], d = got[3];
}

void Emulated::copy_sixteen(void* to, const void* from) {
  if (reinterpret_cast<uintptr_t>(to) % 16 || reinterpret_cast<uintptr_t>(from) % 16)
    throw std::runtime_error("sixteen bytes are copied at an odd address");
  if (whim.eager)
    std::memcpy(to, from, 16);
  else
    uncommitted_.push_back({to, from});
}

void Emulated::commit_copies() {
  under_way_.push_back(std::move(uncommitted_));
  uncommitted_.clear();
}

void Emulated::finish_copies(size_t but) {
  while (under_way_.size() > but) {
    for (const Copy& copy : under_way_.front()) std::memcpy(copy.to, copy.from, 16);
    under_way_.erase(under_way_.begin());
  }
}

template <class T, int kInputs, class Sum>
void Emulated::multiply(const void* what, Sum (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  const uint32_t words[6] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  bring(what, words, sizeof(words));
  const auto& brought = own().brought;
  for (int i = 0; i < 4; ++i) {
    const int row = lane() / 4 + i / 2 * 8, column = lane() % 4 * 2 + i % 2;
    double sum = static_cast<double>(d[i]);
    for (int j = 0; j < kInputs; ++j) {
      const Place in_w = in_a(row, j, kEach<T>), in_x = in_b(column, j, kEach<T>);
      sum += in_word<T>(brought[in_w.lane][in_w.word], j) *
             in_word<typename XOf<T>::type>(brought[in_x.lane][4 + in_x.word], j);
    }
    d[i] = static_cast<Sum>(sum);
  }
  leave(what);
}

void Emulated::mma(Float16Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  multiply<Float16, 16>(&kMma, d, a, b);
}
void Emulated::mma(BFloat16Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  multiply<BFloat16, 16>(&kMma, d, a, b);
}
void Emulated::mma(Tf32Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  multiply<float, 8>(&kMma, d, a, b);
}
void Emulated::mma(ByteMma, int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  multiply<int8_t, 32>(&kMma, d, a, b);
}

template <class T>
void Emulated::multiply_pairs(const void* what, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[4],
                              uint32_t places, int selector) {
  const uint32_t words[9] = {a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], places};
  bring(what, words, sizeof(words));
  const auto& brought = own().brought;
  for (int i = 0; i < 4; ++i) {
    const int row = lane() / 4 + i / 2 * 8, column = lane() % 4 * 2 + i % 2;
    double sum = d[i];
    for (int j = 0; j < 16; ++j) {  // what is stored of a row, two by two of every four inputs
      const int holder = row % 8 * 4 + selector * 2 + j / 8;
      const uint32_t half = brought[holder][8] >> (16 * (row / 8)), place = half >> (j % 8 * 2) & 3;
      if (j % 2 && place <= (half >> ((j % 8 - 1) * 2) & 3))
        throw std::runtime_error("places of a sparse mma don't rise");
      const int input = j / 2 * 4 + static_cast<int>(place);
      const Place in_w = in_a(row, j, 2), in_x = in_b(column, input, 2);
      sum += in_word<T>(brought[in_w.lane][in_w.word], j) * in_word<T>(brought[in_x.lane][4 + in_x.word], input);
    }
    d[i] = static_cast<float>(sum);
  }
  leave(what);
}

void Emulated::mma_pairs(Float16Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[4], uint32_t places,
                         int selector) {
  multiply_pairs<Float16>(&kPairs, d, a, b, places, selector);
}
void Emulated::mma_pairs(BFloat16Mma, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[4], uint32_t places,
                         int selector) {
  multiply_pairs<BFloat16>(&kPairs, d, a, b, places, selector);
}

void emulate(int64_t blocks_x, int64_t blocks_y, int warps, int64_t shared_bytes,
             const std::function<void(Emulated&)>& body) {
  Block block(warps, shared_bytes);
  for (int64_t y = 0; y < blocks_y; ++y)
    for (int64_t x = 0; x < blocks_x; ++x) {
      std::memset(block.shared.data(), 0xff, block.shared.size());  // NaN, wherever nothing was written
      block.lanes.run(
          [&](int thread) {
            Emulated device(block, thread, x, y);
            body(device);
          },
          whim.backwards);
    }
}

}  // namespace onnxprune::cuda
