// The execution provider of one session: claims layers whose weights have enough zeros, and makes nodes of them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/features.h"
#include "plugin/provider/compiled.h"
#include "plugin/provider/gain.h"
#include "plugin/provider/options.h"
#include "plugin/team.h"

namespace onnxprune::plugin {

class Provider final : public OrtEp {
 public:
  Provider(const Api& api, const OrtEpApi& providers, const Options& options, const OrtLogger* logger);

  // Claims layers of a graph; called once for the graph and for every graph within it.
  void claim(const OrtGraph* graph, OrtEpGraphSupportInfo* support);
  // The node that computes what was claimed as `fused`. `graph` has the claimed nodes.
  std::unique_ptr<OrtNodeComputeInfo> compile(const OrtGraph* graph, Node fused);
  const Api& api() const { return api_; }

 private:
  Choice worth(const Match& match) const;
  std::vector<Wanted> wanted(const GraphReader& reader, const OrtGraph* graph) const;
  std::vector<Placed> placed(const GraphReader& reader, const OrtGraph* graph, Node fused) const;

  Api api_;
  const OrtEpApi& providers_;
  Options options_;
  Features features_ = Features::detect();
  std::shared_ptr<Team> team_;
  std::map<std::string, int64_t, std::less<>> widths_;  // as Wanted has them, by the name of what a claimed layer makes
};

}  // namespace onnxprune::plugin
