#include "kernels/scattered/nonzeros.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace onnxprune {
namespace {

struct Nonzero {
  int64_t input;
  float value;
};
using Column = std::vector<Nonzero>;

// Subnormal ones count as zero.
void keep(const Packed& p, int64_t input, float value, Column& column) {
  if (input < p.k && !(std::fabs(value) < std::numeric_limits<float>::min())) column.push_back({input, value});
}

// The nonzeros of output o, inputs rising.
Column column_of(const Packed& p, int64_t o) {
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

}  // namespace

Nonzeros::Nonzeros(const Packed& p)
    : k(p.k),
      n(p.n),
      bands((p.n + kBand - 1) / kBand),
      parts((p.k + kPart - 1) / kPart),
      values_(p.stored * p.block_size()),
      index_(p.stored * p.block_size()),
      cells_(bands * parts),
      before_(bands + 1) {
  int64_t at = 0;
  for (int64_t band = 0; band < bands; ++band) {
    at = fill_band(p, band, at);
    before_[band + 1] = static_cast<int32_t>(at);
  }
  runs_.shrink_to_fit(), outputs_.shrink_to_fit();
}

// Returns where the next band's values begin.
int64_t Nonzeros::fill_band(const Packed& p, int64_t band, int64_t at) {
  const int64_t first = band * kBand, last = std::min(first + kBand, n);
  std::vector<Column> columns;
  for (int64_t o = first; o < last; ++o) columns.push_back(column_of(p, o));
  for (int64_t part = 0; part < parts; ++part) {
    std::vector<Column> rows(columns.size());
    for (size_t o = 0; o < columns.size(); ++o)
      for (const Nonzero& nonzero : columns[o])
        if (nonzero.input / kPart == part) rows[o].push_back({nonzero.input % kPart, nonzero.value});
    std::vector<uint16_t> order;
    for (size_t o = 0; o < rows.size(); ++o)
      if (part == 0 || !rows[o].empty()) order.push_back(static_cast<uint16_t>(o));
    std::stable_sort(order.begin(), order.end(),
                     [&](uint16_t a, uint16_t b) { return rows[a].size() > rows[b].size(); });
    Cell& cell = cells_[band * parts + part];
    cell = {at, static_cast<int64_t>(runs_.size()), static_cast<int64_t>(outputs_.size()), 0};
    for (uint16_t o : order) {
      const int32_t count = static_cast<int32_t>(rows[o].size());
      if (cell.run_count && runs_.back().count == count)
        ++runs_.back().rows;
      else
        runs_.push_back({1, count}), ++cell.run_count;
      outputs_.push_back(o);
      for (const Nonzero& nonzero : rows[o])
        values_[at] = nonzero.value, index_[at++] = static_cast<uint16_t>(nonzero.input);
    }
  }
  return at;
}

size_t Nonzeros::owned_bytes() const {
  return values_.bytes() + index_.bytes() + runs_.size() * sizeof(Run) + outputs_.size() * sizeof(uint16_t) +
         cells_.size() * sizeof(Cell) + before_.size() * sizeof(int32_t);
}

}  // namespace onnxprune
