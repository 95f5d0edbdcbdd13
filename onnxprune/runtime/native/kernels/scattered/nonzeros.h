// A weight without structure as the tiles read it.
#pragma once

#include <vector>

#include "core/aligned.h"
#include "kernels/scattered/contract.h"
#include "pack/packed.h"

namespace onnxprune {

// W is cut into bands of kBand outputs and parts of kPart inputs; a cell's rows, one per output that has nonzeros there
// or any in the first part, are sorted by their number of nonzeros, so that a loop's end is guessed right, and filled
// up to a multiple of kTogether with zeros at the last one's input.
class Nonzeros {
 public:
  static constexpr int64_t kBand = 128, kPart = 384, kTogether = 4;

  struct Cell {
    int64_t values, runs, outputs;  // where they begin
    int64_t run_count;
  };

  // packed: float32, blocks one output wide or N:M. Zeros in them are left out.
  explicit Nonzeros(const Packed& packed);

  int64_t k, n, bands, parts;

  const Cell& cell(int64_t band, int64_t part) const { return cells_[band * parts + part]; }
  const float* values() const { return values_.data(); }
  const uint16_t* index() const { return index_.data(); }
  const Run* runs() const { return runs_.data(); }
  const uint16_t* outputs() const { return outputs_.data(); }
  // [bands + 1]: nonzeros of all bands below.
  const int32_t* before() const { return before_.data(); }
  int64_t count() const { return before_[bands]; }
  size_t owned_bytes() const;

 private:
  struct Nonzero {
    int64_t input;
    float value;
  };
  using Column = std::vector<Nonzero>;

  static void keep(const Packed& packed, int64_t input, float value, Column& column);
  static Column column_of(const Packed& packed, int64_t output);
  std::vector<Column> part_of(const std::vector<Column>& columns, int64_t part) const;
  void add_cell(const std::vector<Column>& rows, Cell& cell, bool first);

  std::vector<float> values_;
  std::vector<uint16_t> index_;
  std::vector<Run> runs_;
  std::vector<uint16_t> outputs_;
  std::vector<Cell> cells_;
  std::vector<int32_t> before_;
};

}  // namespace onnxprune
