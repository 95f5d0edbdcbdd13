#include "plugin/layer.h"

#include <algorithm>

#include "core/aligned.h"
#include "kernels/finish/finish.h"
#include "plugin/scratch.h"
#include "plugin/transpose.h"

namespace onnxprune::plugin {

Layer::Layer(const Packed& weight, const Features& features, std::shared_ptr<Team> team,
             const std::optional<Window>& window)
    : spmm_(Spmm::create(weight, features)), k_(weight.k), n_(weight.n), team_(std::move(team)), window_(window) {}

Planes Layer::planes_of(const Shape& x) const {
  const Window& w = *window_;
  const int64_t channels = k_ / (w.size[0] * w.size[1]);
  const bool flat = x.rank == 3;  // one axis: an image of one row
  if ((!flat && x.rank != 4) || x.at[1] != channels) {
    throw Failure("an input of shape " + x.text() + " can't be convolved by a weight with " + std::to_string(channels) +
                  " channels");
  }
  Planes planes{channels, {flat ? 1 : x.at[2], x.at[x.rank - 1]}, {}, {}, {}, {}, {}};
  for (int axis = 0; axis < 2; ++axis) {
    planes.window[axis] = w.size[axis], planes.stride[axis] = w.stride[axis];
    planes.dilation[axis] = w.dilation[axis], planes.pad[axis] = w.begin[axis];
    const int64_t reach = (w.size[axis] - 1) * w.dilation[axis] + 1;
    const int64_t room = planes.size[axis] + w.begin[axis] + w.end[axis] - reach;
    if (room < 0) throw Failure("an input of shape " + x.text() + " is smaller than the window of a convolution");
    planes.out[axis] = room / w.stride[axis] + 1;
  }
  return planes;
}

Shape Layer::output_shape(const Shape& x) const {
  Shape shape = x;
  if (window_) {
    const Planes planes = planes_of(x);
    shape.at[1] = n_, shape.at[x.rank - 1] = planes.out[1];
    if (x.rank == 4) shape.at[2] = planes.out[0];
    return shape;
  }
  if (x.rank == 0 || x.at[x.rank - 1] != k_) {
    throw Failure("an input of shape " + x.text() + " can't be multiplied by a weight with " + std::to_string(k_) +
                  " inputs");
  }
  shape.at[x.rank - 1] = n_;
  return shape;
}

Epilogue Layer::with(const Epilogue& epilogue, const Tensor& residual, const Shape& shape) const {
  Epilogue finish = epilogue;
  if (residual.data && residual.shape == shape) {
    finish.residual = residual.as<float>("the residual");
    finish.residual_stride = window_ ? shape.elements() / std::max<int64_t>(1, shape.at[0] * n_) : n_;
  } else if (residual.type != ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED && !(residual.shape == shape)) {
    throw Failure("the residual of shape " + residual.shape.text() + " isn't of the output's shape " + shape.text());
  }
  return finish;
}

void Layer::run(const Place& place, const Tensor& x, const Epilogue& epilogue, const Tensor& residual) const {
  const Shape shape = output_shape(x.shape);
  const Epilogue finish = with(epilogue, residual, shape);
  compute(place, x, shape, output(place.api, place.context, 0, shape), finish);
}

void Layer::compute(const Place& place, const Tensor& x, const Shape& shape, float* y, const Epilogue& epilogue) const {
  const float* from = x.as<float>("X");
  const int64_t outputs = shape.elements();
  if (!outputs) return;
  const ParallelFor parallel = team_->threads(place);
  if (window_) return convolve(from, x.shape, shape, y, epilogue, parallel);
  run_rows(from, outputs / n_, y, epilogue, parallel);
}

void Layer::run_rows(const Place& place, const float* x, int64_t m, float* y, const Epilogue& epilogue) const {
  run_rows(x, m, y, epilogue, team_->threads(place));
}

void Layer::run_rows(const float* x, int64_t m, float* y, const Epilogue& epilogue, const ParallelFor& parallel) const {
  spmm_->run(x, m, y, epilogue, parallel, scratch(spmm_->scratch_bytes(m, parallel.threads)));
}

void Layer::convolve(const float* x, const Shape& from, const Shape& to, float* y, const Epilogue& epilogue,
                     const ParallelFor& parallel) const {
  const Planes planes = planes_of(from);
  const int64_t images = to.at[0], pixels = planes.pixels();
  Epilogue finish = epilogue;
  if (pixels == 1 && planes.size[0] * planes.size[1] == 1 && k_ == planes.channels) {
    finish.residual_stride = n_;  // rows of one pixel
    return run_rows(x, images, y, finish, parallel);
  }
  const int64_t step = planes.channels * planes.size[0] * planes.size[1];
  for (int64_t image = 0; image < images; ++image, x += step, y += pixels * n_) {
    if (spmm_->convolves())
      spmm_->run_planes(x, planes, y, finish, parallel, scratch(spmm_->planes_scratch_bytes(planes, parallel.threads)));
    else
      convolve_by_rows(x, planes, y, finish, parallel);
    if (finish.residual) finish.residual += pixels * n_;
  }
}

// For kernels that know rows only: windows become rows, and rows of outputs become planes. A residual lies as those do.
void Layer::convolve_by_rows(const float* x, const Planes& planes, float* y, const Epilogue& epilogue,
                             const ParallelFor& parallel) const {
  const int64_t pixels = planes.pixels();
  const bool lies =
      k_ == planes.channels && pixels == planes.size[0] * planes.size[1] && !planes.pad[0] && !planes.pad[1];
  const auto room = [](int64_t floats) { return round_up(static_cast<size_t>(floats) * sizeof(float), kCacheLine); };
  const size_t in = room(pixels * k_), out = room(pixels * n_), inputs = lies ? 0 : in;
  char* memory = static_cast<char*>(scratch(in + out + inputs + spmm_->scratch_bytes(pixels, parallel.threads)));
  float *rows = reinterpret_cast<float*>(memory), *results = reinterpret_cast<float*>(memory + in);
  float* gathered = reinterpret_cast<float*>(memory + in + out);
  if (!lies) gather(planes, x, 0, pixels, gathered, pixels);
  transpose(lies ? x : gathered, k_, pixels, rows, parallel);
  Epilogue first = epilogue;
  if (epilogue.residual) first = {}, first.bias = epilogue.bias;
  spmm_->run(rows, pixels, results, first, parallel, memory + in + out + inputs);
  transpose(results, pixels, n_, y, parallel);
  if (epilogue.residual) finish_generic(tile_at(y, pixels, epilogue, 0, 0, n_, pixels), epilogue.act);
}

}  // namespace onnxprune::plugin
