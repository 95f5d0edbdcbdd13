// A claimed family of layers, ready to run.
#pragma once

#include <memory>

#include "kernels/siblings.h"
#include "pack/storage.h"
#include "plugin/layer.h"
#include "plugin/provider/families.h"

namespace onnxprune::plugin {

// A layer of a node, and the numbers of the inputs that it reads and of the output that it makes.
struct Placed {
  Wanted layer;
  size_t x = 0, output = 0;
  std::optional<size_t> residual = {};
};

class Compiled final : public OrtNodeComputeInfo {
 public:
  // Packs the weights of a family, one layer at least. It has its own copies of all that it needs of the graph.
  Compiled(const Api& api, const std::vector<Placed>& family, const Features& features, std::shared_ptr<Team> team);

  void run(OrtKernelContext* context) const;
  const Api& api() const { return api_; }

 private:
  struct Member {
    Member(const Placed& placed, const Features& features, const std::shared_ptr<Team>& team);

    Storage storage;  // empty where the kernel has arranged the weight anew
    Layer layer;
    Aligned<float> bias;
    Epilogue epilogue;
    size_t output;
    std::optional<size_t> residual;
    std::optional<Shape> shape;

    // Of Y. Throws a Failure where X doesn't fit.
    Shape output_shape(const Shape& x) const;
  };

  Tensor input(OrtKernelContext* context, size_t at) const;
  void run_alone(OrtKernelContext* context, const Tensor& x) const;
  void run_and_add(OrtKernelContext* context, const Tensor& x, const Shape& shape, const Tensor& residual) const;
  void run_together(OrtKernelContext* context, const Tensor& x) const;

  Api api_;
  std::shared_ptr<Team> team_;
  size_t x_;
  std::vector<std::unique_ptr<Member>> members_;
  std::optional<Siblings> siblings_;  // where there are several
};

}  // namespace onnxprune::plugin
