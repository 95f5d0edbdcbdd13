// Where the windows of a convolution lie, so that they needn't be gathered.
//
// An image that is padded with zeros and cut into phases, one for each place in a step, is a lattice: what input i is
// at an output pixel lies as far from that pixel's place as i says, whichever pixel it is. A row of places is a row of
// output pixels and, behind it, as many places as windows reach over to the right, where no pixel is.
#pragma once

#include <cstdint>

#include "kernels/planes.h"

namespace onnxprune {

class Windows {
 public:
  explicit Windows(const Planes& planes);

  int64_t inputs() const { return p_.inputs(); }
  // From the first pixel to the last one.
  int64_t places() const { return (p_.out[0] - 1) * row_ + p_.out[1]; }
  int64_t row() const { return row_; }
  int64_t pixels_of_row() const { return p_.out[1]; }
  // Output pixels that lie before a place.
  int64_t pixels(int64_t place) const;

  // Whether the image is a lattice as it lies, with planes so many floats apart.
  bool lies() const { return lies_; }
  int64_t plane() const { return p_.size[0] * p_.size[1]; }

  // A strip is so many places of a lattice in a row, and what their windows read: `strip_plane` floats of every phase.
  int64_t strip_plane(int64_t places) const;
  int64_t strip_planes() const { return p_.channels * phases_[0] * phases_[1]; }
  int64_t strip_floats(int64_t places) const { return strip_planes() * strip_plane(places); }
  // Its places first to first + count, of an image x. What lies outside of the image is zero.
  void fill(const float* x, int64_t first, int64_t count, int64_t strip_plane, float* to) const;

  // How far input i is from a place, for all inputs, where planes of phases are so many floats apart.
  void distances(int64_t plane, int32_t* to) const;

 private:
  struct Columns {
    int64_t begin, end, from;
  };
  Columns columns(int64_t phase) const;
  void fill_plane(const float* x, int64_t phase0, const Columns& in, int64_t first, int64_t count, float* to) const;
  int64_t reach(int axis) const { return (p_.window[axis] - 1) * p_.dilation[axis] / p_.stride[axis]; }

  Planes p_;
  int64_t phases_[2], gap_[2];  // of each axis, and how many pixels they are apart
  int64_t row_;
  bool lies_;
};

// Where tokens lie: token t of input i at x[at[i] + t].
struct View {
  const float* x;
  const int32_t* at;
};

// What one worker reads of an image: the image, or a strip of it that moves on.
class Reader {
 public:
  // room: floats(windows, places) floats, for strips of so many places.
  Reader(const Windows& windows, const float* x, int64_t places, float* room);
  static int64_t floats(const Windows& windows, int64_t places);

  // Input i of place first + t at x[at[i] + t], for t below count, which is at most `places`; behind the last place
  // there is something or other. Places up to `until` will be asked for next.
  View read(int64_t first, int64_t count, int64_t until);

 private:
  const Windows& windows_;
  const float* x_;
  int64_t places_, begin_ = 0, end_ = 0;  // of the strip
  bool told_ = false;                     // strip_at_ is there
  float* strip_;
  int32_t *image_at_, *strip_at_;
};

}  // namespace onnxprune
