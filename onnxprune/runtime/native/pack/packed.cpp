#include "pack/packed.h"

#include <stdexcept>
#include <string>

namespace onnxprune {
namespace {

[[noreturn]] void refuse(const std::string& reason) { throw std::invalid_argument("SparseMatMul: " + reason); }

void check_shape(const Packed& p) {
  constexpr int64_t kMost = INT32_MAX;
  if (p.k < 1 || p.n < 1 || p.k > kMost || p.n > kMost) refuse("k and n must be between 1 and 2^31 - 1");
  if (p.block_out < 1 || p.block_in < 1 || p.block_out > kMost || p.block_in > kMost)
    refuse("a block has at least 1 row and 1 column");
  if (p.dtype == WeightType::int8 && !p.scales) refuse("int8 weights need scales, one per output");
  if (!p.values && p.stored > 0) refuse("there are no values");
}

void check_grouped(const Packed& p) {
  if (p.group < 1 || p.group > 256 || p.kept > p.group) refuse("N:M needs 1 <= N <= M <= 256");
  if (p.index_type != IndexType::u8) refuse("the index of an N:M weight is uint8");
  if (p.stored != p.n * p.groups() * p.kept) refuse("N:M needs n * ceil(k / M) * N values");
  for (int64_t i = 0; i < p.stored; ++i)
    if (p.index_at(i) >= p.group)
      refuse("the N:M index at " + std::to_string(i) + " is not below " + std::to_string(p.group));
}

void check_strip(const Packed& p, int64_t strip) {
  const int64_t begin = p.pointer[strip], end = p.pointer[strip + 1];
  if (begin > end || end > p.stored) refuse("the pointer of strip " + std::to_string(strip) + " runs out of the index");
  int64_t last = -1;
  for (int64_t b = begin; b < end; ++b) {
    const int64_t at = p.index_at(b);
    if (at <= last || at >= p.inputs())
      refuse("the index of block " + std::to_string(b) + " does not rise, or is not below " +
             std::to_string(p.inputs()));
    last = at;
  }
}

void check_blocks(const Packed& p) {
  if (p.index_type == IndexType::u8) refuse("the index of blocks is uint16 or int32");
  if (!p.pointer || p.pointer[0] != 0) refuse("the pointer begins with 0");
  if (p.stored > 0 && !p.index) refuse("there is no index");
  for (int64_t strip = 0; strip < p.strips(); ++strip) check_strip(p, strip);
  if (p.pointer[p.strips()] != p.stored) refuse("the pointer does not end at the number of blocks");
}

}  // namespace

void check(const Packed& packed) {
  check_shape(packed);
  packed.grouped() ? check_grouped(packed) : check_blocks(packed);
}

}  // namespace onnxprune
