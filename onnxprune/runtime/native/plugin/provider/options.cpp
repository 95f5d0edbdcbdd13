#include "plugin/provider/options.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "plugin/provider/gain.h"

namespace onnxprune::plugin {
namespace {

constexpr char kPrefix[] = "ep.onnxpruneexecutionprovider.";

class Reader {
 public:
  Reader(const Api& api, const OrtSessionOptions* session) : api_(api), session_(session) {}

  // A number between the two bounds, or `otherwise` where nothing is said.
  double number(const char* name, double otherwise, double least, double most) const {
    const std::string key = std::string(kPrefix) + name;
    int found = 0;
    api_.check(api_->HasSessionConfigEntry(session_, key.c_str(), &found));
    if (!found) return otherwise;
    char text[32] = {};
    size_t size = sizeof(text);
    const bool read = api_.ok(api_->GetSessionConfigEntry(session_, key.c_str(), text, &size));
    char* end = nullptr;
    const double value = std::strtod(text, &end);
    if (read && end != text && !*end && value >= least && value <= most) return value;
    throw Failure(std::string(kProviderName) + ": the option " + name + " can't be '" + text + "'");
  }

 private:
  const Api& api_;
  const OrtSessionOptions* session_;
};

}  // namespace

Options read_options(const Api& api, const OrtSessionOptions* session) {
  Options options;
  const Reader reader(api, session);
  options.min_gain = reader.number("min_gain", options.min_gain, 0, HUGE_VAL);
  options.min_sparsity = reader.number("min_sparsity", options.min_sparsity, 0, 1);
  options.convolutions = reader.number("convolutions", options.convolutions, 0, 1) != 0;
  const double block = reader.number("block", 0, 0, kBlockWidths[0]);
  options.block = static_cast<int64_t>(block);
  const bool known = std::find(std::begin(kBlockWidths), std::end(kBlockWidths), options.block) != std::end(kBlockWidths);
  if (block == 0 || (known && static_cast<double>(options.block) == block)) return options;
  throw Failure(std::string(kProviderName) + ": the option block must be 64, 32, 16, 8, 4, 1 or 0 (the best one)");
}

}  // namespace onnxprune::plugin
