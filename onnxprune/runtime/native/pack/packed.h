// The canonical sparse weight: what a file holds, the same for every processor.
#pragma once

#include <cstddef>
#include <cstdint>

namespace onnxprune {

enum class WeightType : int32_t { f32 = 0, int8 = 1 };
enum class IndexType : int32_t { u8 = 0, u16 = 1, i32 = 2 };

// A view of W [k, n]; it owns nothing. Y = X W.
//
// Blocks (kept == 0): W is cut into blocks of block_in inputs by block_out outputs, beginning at input 0 and output 0;
// the last ones are padded with zeros. Strip s holds outputs s*block_out and on, and its blocks are pointer[s] <= b <
// pointer[s+1]:
//   values  [blocks][block_in][block_out]
//   index   [blocks], u16 or i32: the block's first input divided by block_in, rising within a strip
//   pointer [strips + 1], i32
// A block of 1 by 1 is unstructured: the strips are columns of W.
//
// N:M (kept > 0): of every `group` inputs at most `kept` matter, output by output; the last group is padded with zeros:
//   values  [n][groups * kept]
//   index   [n][groups * kept], u8: the place within the group, < group
//   pointer is null, block_out and block_in are 1.
struct Packed {
  int64_t k = 0, n = 0;
  int64_t block_out = 1, block_in = 1;
  int64_t kept = 0, group = 0;
  WeightType dtype = WeightType::f32;
  IndexType index_type = IndexType::i32;
  const void* values = nullptr;
  const void* index = nullptr;
  const int32_t* pointer = nullptr;
  const float* scales = nullptr;  // int8 only: [n]
  int64_t stored = 0;  // blocks, or n * groups * kept: the length of index, which guards against short arrays

  bool grouped() const { return kept > 0; }
  int64_t strips() const { return (n + block_out - 1) / block_out; }
  int64_t inputs() const { return (k + block_in - 1) / block_in; }  // the values that an index may take
  int64_t groups() const { return (k + group - 1) / group; }
  int64_t block_size() const { return block_out * block_in; }

  int64_t index_at(int64_t i) const {
    switch (index_type) {
      case IndexType::u8:
        return static_cast<const uint8_t*>(index)[i];
      case IndexType::u16:
        return static_cast<const uint16_t*>(index)[i];
      default:
        return static_cast<const int32_t*>(index)[i];
    }
  }
  const float* floats() const { return static_cast<const float*>(values); }
};

// Throws std::invalid_argument with one sentence where the arrays contradict the shape, so that a kernel need not look.
void check(const Packed& packed);

}  // namespace onnxprune
