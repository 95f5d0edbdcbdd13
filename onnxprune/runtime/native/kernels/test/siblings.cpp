#include "kernels/test/siblings.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>

#include "kernels/siblings.h"
#include "kernels/test/pool.h"
#include "kernels/test/room.h"

namespace onnxprune {
namespace {

std::vector<float> alone(const Problem& problem, const Spmm& spmm) {
  std::vector<float> y(problem.shape.m * problem.shape.n);
  Room room(spmm.scratch_bytes(problem.shape.m, 1));
  spmm.run(problem.x.data(), problem.shape.m, y.data(), problem.epilogue, {}, room.scratch());
  return y;
}

std::string differs(const Problem& problem, const Spmm& spmm, const std::vector<float>& y) {
  const std::string difference = problem.differs(spmm, y);
  if (!difference.empty() || !problem.shape.int8) return difference;
  const std::vector<float> own = alone(problem, spmm);
  const bool same = !std::memcmp(own.data(), y.data(), y.size() * sizeof(float));
  return same ? "" : problem.shape.text() + ": a sibling isn't the same to the bit";
}

}  // namespace

std::string siblings_differ(Random& random, const std::vector<Shape>& shapes, const Features& level, int threads) {
  std::vector<std::unique_ptr<Problem>> problems;
  std::vector<std::unique_ptr<Spmm>> spmms;
  std::vector<const Spmm*> members;
  std::vector<std::vector<float>> results;
  std::vector<Siblings::Product> products;
  // A NaN times a zero that isn't stored is one in the reference alone.
  const bool int8 = std::all_of(shapes.begin(), shapes.end(), [](const Shape& shape) { return shape.int8; });
  for (Shape shape : shapes) {
    shape.m = shapes[0].m, shape.k = shapes[0].k, shape.extreme = shape.extreme && int8;
    problems.push_back(std::make_unique<Problem>(random, shape, problems.empty() ? nullptr : &problems[0]->x));
    spmms.push_back(Spmm::create(problems.back()->packed(), level));
    members.push_back(spmms.back().get());
    results.emplace_back(shape.m * shape.n, std::numeric_limits<float>::quiet_NaN());
  }
  for (size_t i = 0; i < members.size(); ++i) products.push_back({results[i].data(), problems[i]->epilogue});
  const Siblings siblings(members);
  Room room(siblings.scratch_bytes(shapes[0].m, threads));
  siblings.run(problems[0]->x.data(), shapes[0].m, products.data(), new_threads(&threads), room.scratch());
  std::string difference;
  for (size_t i = 0; i < members.size(); ++i) difference += differs(*problems[i], *spmms[i], results[i]);
  return difference;
}

}  // namespace onnxprune
