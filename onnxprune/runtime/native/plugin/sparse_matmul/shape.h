// The shape of Y before anything runs, so that ONNX Runtime's own fusions behind the node still find it.
#pragma once

#include "plugin/api.h"

namespace onnxprune::plugin {

// Y is as X is, with n for its last axis; open axes keep their names. Nothing where X's shape isn't known.
void infer_output(const Api& api, OrtShapeInferContext* context);

}  // namespace onnxprune::plugin
