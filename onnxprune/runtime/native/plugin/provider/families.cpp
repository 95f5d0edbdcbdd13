#include "plugin/provider/families.h"

#include <algorithm>
#include <map>
#include <string>

#include "kernels/siblings.h"

namespace onnxprune::plugin {
namespace {

bool alone(const GraphReader& graph, const Match& match) {
  return match.window || (match.residual && graph.name(match.residual) != graph.name(match.x));
}

}  // namespace

std::vector<std::vector<Wanted>> families(const GraphReader& graph, std::vector<Wanted> layers) {
  std::vector<std::vector<Wanted>> found;
  std::map<std::string, size_t, std::less<>> latest;  // by the name of X
  for (Wanted& layer : layers) {
    const std::string x(graph.name(layer.match.x));
    const auto at = alone(graph, layer.match) ? latest.end() : latest.find(x);
    if (at != latest.end() && found[at->second].size() < Siblings::kMost) {
      found[at->second].push_back(std::move(layer));
      continue;
    }
    if (!alone(graph, layer.match)) latest[x] = found.size();
    found.emplace_back();
    found.back().push_back(std::move(layer));
  }
  const auto leave = [](const auto& family) { return family.size() == 1 && family[0].match.packed; };
  found.erase(std::remove_if(found.begin(), found.end(), leave), found.end());
  return found;
}

}  // namespace onnxprune::plugin
