#include "kernels/scattered/nonzeros.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace onnxprune {

// Subnormal ones count as zero.
void Nonzeros::keep(const Packed& p, int64_t input, float value, Column& column) {
  if (input < p.k && !(std::fabs(value) < std::numeric_limits<float>::min())) column.push_back({input, value});
}

// The nonzeros of output o, inputs rising.
Nonzeros::Column Nonzeros::column_of(const Packed& p, int64_t o) {
  Column column;
  const float* values = p.floats();
  if (p.grouped()) {
    const int64_t slots = p.groups() * p.kept;
    for (int64_t i = o * slots; i < (o + 1) * slots; ++i)
      keep(p, (i - o * slots) / p.kept * p.group + p.index_at(i), values[i], column);
    std::stable_sort(column.begin(), column.end(),
                     [](const Nonzero& a, const Nonzero& b) { return a.input < b.input; });
    return column;
  }
  for (int64_t b = p.pointer[o]; b < p.pointer[o + 1]; ++b)
    for (int64_t i = 0; i < p.block_in; ++i)
      keep(p, p.index_at(b) * p.block_in + i, values[b * p.block_in + i], column);
  return column;
}

Nonzeros::Nonzeros(const Packed& p)
    : k(p.k),
      n(p.n),
      bands((p.n + kBand - 1) / kBand),
      parts((p.k + kPart - 1) / kPart),
      cells_(bands * parts),
      before_(bands + 1) {
  values_.reserve(p.stored * p.block_size()), index_.reserve(p.stored * p.block_size());
  for (int64_t band = 0; band < bands; ++band) {
    std::vector<Column> columns;
    for (int64_t o = band * kBand; o < std::min((band + 1) * kBand, n); ++o) columns.push_back(column_of(p, o));
    for (int64_t part = 0; part < parts; ++part)
      add_cell(part_of(columns, part), cells_[band * parts + part], part == 0);
    before_[band + 1] = static_cast<int32_t>(values_.size());
  }
  values_.shrink_to_fit(), index_.shrink_to_fit(), runs_.shrink_to_fit(), outputs_.shrink_to_fit();
}

// The rows of a part, inputs counted from its first, filled up.
std::vector<Nonzeros::Column> Nonzeros::part_of(const std::vector<Column>& columns, int64_t part) const {
  std::vector<Column> rows(columns.size());
  for (size_t o = 0; o < columns.size(); ++o) {
    for (const Nonzero& nonzero : columns[o])
      if (nonzero.input / kPart == part) rows[o].push_back({nonzero.input % kPart, nonzero.value});
    while (rows[o].size() % kTogether) rows[o].push_back({rows[o].back().input, 0.0f});
  }
  return rows;
}

// In the first part every output has a row, which begins its sum.
void Nonzeros::add_cell(const std::vector<Column>& rows, Cell& cell, bool first) {
  std::vector<uint16_t> order;
  for (size_t o = 0; o < rows.size(); ++o)
    if (first || !rows[o].empty()) order.push_back(static_cast<uint16_t>(o));
  std::stable_sort(order.begin(), order.end(), [&](uint16_t a, uint16_t b) { return rows[a].size() > rows[b].size(); });
  cell = {static_cast<int64_t>(values_.size()), static_cast<int64_t>(runs_.size()),
          static_cast<int64_t>(outputs_.size()), 0};
  for (uint16_t o : order) {
    const int32_t count = static_cast<int32_t>(rows[o].size());
    if (!cell.run_count || runs_.back().count != count) runs_.push_back({0, count}), ++cell.run_count;
    ++runs_.back().rows;
    outputs_.push_back(o);
    for (const Nonzero& nonzero : rows[o]) {
      values_.push_back(nonzero.value);
      index_.push_back(static_cast<uint16_t>(nonzero.input));
    }
  }
}

size_t Nonzeros::owned_bytes() const {
  return values_.size() * sizeof(float) + index_.size() * sizeof(uint16_t) + runs_.size() * sizeof(Run) +
         outputs_.size() * sizeof(uint16_t) + cells_.size() * sizeof(Cell) + before_.size() * sizeof(int32_t);
}

}  // namespace onnxprune
