#include "kernels/windows.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/aligned.h"

namespace onnxprune {
namespace {

constexpr int64_t kLine = kCacheLine / sizeof(float);

int64_t lines(int64_t floats) { return static_cast<int64_t>(round_up(floats, kLine)); }

// to[i] = from[i stride].
void copy(const float* from, int64_t stride, int64_t count, float* to) {
  if (stride == 1)
    std::memcpy(to, from, count * sizeof(float));
  else if (stride == 2)  // most often; a constant, for compilers that know how to shuffle vectors
    for (int64_t i = 0; i < count; ++i) to[i] = from[2 * i];
  else
    for (int64_t i = 0; i < count; ++i) to[i] = from[stride * i];
}

}  // namespace

Windows::Windows(const Planes& planes) : p_(planes.in_rows()), lies_(true) {
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t step = p_.stride[axis];
    gap_[axis] = std::gcd(step, p_.dilation[axis]);
    phases_[axis] = p_.window[axis] == 1 ? 1 : step / gap_[axis];
    lies_ = lies_ && step == 1 && !p_.pad[axis] && p_.out[axis] + reach(axis) <= p_.size[axis];
  }
  row_ = lies_ ? p_.size[1] : p_.out[1] + reach(1);
}

int64_t Windows::pixels(int64_t place) const { return place / row_ * p_.out[1] + std::min(place % row_, p_.out[1]); }

// An odd number of lines, so that neighbouring planes don't contend for the same lines of a cache.
int64_t Windows::strip_plane(int64_t places) const {
  const int64_t floats = lines(places + reach(0) * row_ + reach(1));
  return floats / kLine % 2 ? floats : floats + kLine;
}

void Windows::distances(int64_t plane, int32_t* to) const {
  for (int64_t c = 0; c < p_.channels; ++c)
    for (int64_t a = 0; a < p_.window[0]; ++a)
      for (int64_t b = 0; b < p_.window[1]; ++b) {
        const int64_t y = a * p_.dilation[0], x = b * p_.dilation[1];
        const int64_t phase0 = y % p_.stride[0] / gap_[0], phase1 = x % p_.stride[1] / gap_[1];
        const int64_t at = (c * phases_[0] + phase0) * phases_[1] + phase1;
        *to++ = static_cast<int32_t>(at * plane + y / p_.stride[0] * row_ + x / p_.stride[1]);
      }
}

// Places of a row of one phase that lie inside the image, and the pixel of place 0.
Windows::Columns Windows::columns(int64_t phase) const {
  const int64_t step = p_.stride[1], from = phase * gap_[1] - p_.pad[1], last = p_.size[1] - 1 - from;
  const int64_t end = last < 0 ? 0 : std::min(row_, last / step + 1);
  return {from < 0 ? std::min((step - 1 - from) / step, end) : 0, end, from};
}

void Windows::fill_plane(const float* x, int64_t phase0, const Columns& in, int64_t first, int64_t count,
                         float* to) const {
  int64_t r = first / row_, q = first % row_;
  for (const float* end = to + count; to < end; ++r, q = 0) {
    const int64_t until = std::min<int64_t>(row_, q + (end - to)), y = r * p_.stride[0] + phase0 * gap_[0] - p_.pad[0];
    const bool reads = y >= 0 && y < p_.size[0];
    const int64_t left = reads ? std::clamp(in.begin, q, until) : until, right = std::clamp(in.end, left, until);
    for (; q < left; ++q) *to++ = 0.0f;
    if (q < right) copy(x + y * p_.size[1] + in.from + q * p_.stride[1], p_.stride[1], right - q, to);
    to += right - q;
    for (q = right; q < until; ++q) *to++ = 0.0f;
  }
}

void Windows::fill(const float* x, int64_t first, int64_t count, int64_t strip_plane, float* to) const {
  const int64_t floats = count + reach(0) * row_ + reach(1);
  for (int64_t j = 0; j < phases_[1]; ++j) {
    const Columns in = columns(j);
    for (int64_t c = 0; c < p_.channels; ++c)
      for (int64_t i = 0; i < phases_[0]; ++i)
        fill_plane(x + c * plane(), i, in, first, floats, to + ((c * phases_[0] + i) * phases_[1] + j) * strip_plane);
  }
}

int64_t Reader::floats(const Windows& windows, int64_t places) {
  return lines(windows.strip_floats(places)) + 2 * lines(windows.inputs());
}

Reader::Reader(const Windows& windows, const float* x, int64_t places, float* room)
    : windows_(windows), x_(x), places_(places), strip_(room) {
  image_at_ = reinterpret_cast<int32_t*>(room + lines(windows.strip_floats(places)));
  strip_at_ = image_at_ + lines(windows.inputs());
  if (windows.lies()) windows.distances(windows.plane(), image_at_);
}

// Nothing is read beyond the image's end.
View Reader::read(int64_t first, int64_t count, int64_t until) {
  if (windows_.lies() && first + count <= windows_.places()) return {x_ + first, image_at_};
  const int64_t plane = windows_.strip_plane(places_);
  if (!told_) windows_.distances(plane, strip_at_), told_ = true;
  if (first < begin_ || first + count > end_) {
    begin_ = first, end_ = first + std::clamp(until - first, count, places_);
    windows_.fill(x_, begin_, end_ - begin_, plane, strip_);
  }
  return {strip_ + first - begin_, strip_at_};
}

}  // namespace onnxprune
