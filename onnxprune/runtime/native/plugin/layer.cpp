#include "plugin/layer.h"

#include "core/aligned.h"
#include "plugin/scratch.h"
#include "plugin/transpose.h"

namespace onnxprune::plugin {

Layer::Layer(const Packed& weight, const Features& features, std::shared_ptr<Team> team, bool channels_first)
    : spmm_(Spmm::create(weight, features)),
      k_(weight.k),
      n_(weight.n),
      team_(std::move(team)),
      channels_first_(channels_first) {}

Shape Layer::output_shape(const Shape& x) const {
  Shape shape = x;
  const size_t axis = channels_first_ ? 1 : x.rank - 1;
  if (x.rank <= (channels_first_ ? 1u : 0u) || x.at[axis] != k_) {
    throw Failure("an input of shape " + x.text() + " can't be multiplied by a weight with " + std::to_string(k_) +
                  " inputs");
  }
  shape.at[axis] = n_;
  return shape;
}

void Layer::run(const Place& place, const Tensor& x, const Epilogue& epilogue, const Tensor& residual) const {
  const float* from = x.as<float>("X");
  const Shape shape = output_shape(x.shape);
  Epilogue finish = epilogue;
  if (residual.data && residual.shape == shape) {
    finish.residual = residual.as<float>("the residual");
    finish.residual_stride = n_;
  } else if (residual.type != ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED && !(residual.shape == shape)) {
    throw Failure("the residual of shape " + residual.shape.text() + " isn't of the output's shape " + shape.text());
  }
  float* to = output(place.api, place.context, 0, shape);
  const int64_t outputs = shape.elements();
  if (!outputs) return;
  const ParallelFor parallel = team_->threads(place);
  if (channels_first_) return run_channels(from, shape, to, finish, parallel);
  run_rows(from, outputs / n_, to, finish, parallel);
}

void Layer::run_rows(const float* x, int64_t m, float* y, const Epilogue& epilogue, const ParallelFor& parallel) const {
  spmm_->run(x, m, y, epilogue, parallel, scratch(spmm_->scratch_bytes(m, parallel.threads)));
}

void Layer::run_channels(const float* x, const Shape& shape, float* y, const Epilogue& epilogue,
                         const ParallelFor& parallel) const {
  const int64_t images = shape.at[0], pixels = shape.elements() / (images * n_);
  if (pixels == 1) return run_rows(x, images, y, epilogue, parallel);
  const size_t in = round_up(static_cast<size_t>(pixels * k_) * sizeof(float), kCacheLine);
  const size_t out = round_up(static_cast<size_t>(pixels * n_) * sizeof(float), kCacheLine);
  char* memory = static_cast<char*>(scratch(in + out + spmm_->scratch_bytes(pixels, parallel.threads)));
  float *rows = reinterpret_cast<float*>(memory), *results = reinterpret_cast<float*>(memory + in);
  for (int64_t image = 0; image < images; ++image) {
    transpose(x + image * pixels * k_, k_, pixels, rows, parallel);
    spmm_->run(rows, pixels, results, epilogue, parallel, memory + in + out);
    transpose(results, pixels, n_, y + image * pixels * n_, parallel);
  }
}

}  // namespace onnxprune::plugin
