// ONNX Runtime's own threads, as the kernels take them.
#pragma once

#include <memory>
#include <mutex>

#include "core/parallel.h"
#include "plugin/api.h"

namespace onnxprune::plugin {

// Where a node runs: what work is handed to other threads through.
struct Place {
  const Api& api;
  OrtKernelContext* context;
};

// The thread pool of one session. The C ABI doesn't tell how many threads it has, so they are counted once, in the
// first run: each that takes a task waits for the others to take one, for two milliseconds at the most.
class Team {
 public:
  // The team of the session whose logger this is: one for all nodes of a session, for as long as one of them lives.
  static std::shared_ptr<Team> of(const OrtLogger* session);

  // Threads to share work out to; `place` must live as long as they are used.
  ParallelFor threads(const Place& place);

 private:
  std::once_flag counted_;
  int size_ = 1;
};

}  // namespace onnxprune::plugin
