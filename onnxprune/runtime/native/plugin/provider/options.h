// What a user can say about the provider: session options with the prefix "ep.onnxpruneexecutionprovider.".
#pragma once

#include "plugin/api.h"

namespace onnxprune::plugin {

constexpr char kProviderName[] = "OnnxPruneExecutionProvider";

struct Options {
  // min_gain: a layer is taken if it should become at least so many times as fast; 0 takes every layer.
  double min_gain = 1.2;
  // min_sparsity: and if at least this share of its weight is zero.
  double min_sparsity = 0;
  // block: outputs of a block (64, 32, 16, 8, 4 or 1), or 0 to choose the best one layer by layer.
  int64_t block = 0;
  // convolutions: whether convolutions are taken too.
  bool convolutions = true;
};

// Throws a Failure that names an option with a value that can't be used.
Options read_options(const Api& api, const OrtSessionOptions* session);

}  // namespace onnxprune::plugin
