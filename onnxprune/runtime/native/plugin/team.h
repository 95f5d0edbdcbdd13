// ONNX Runtime's own threads, as the kernels take them.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "core/parallel.h"
#include "plugin/api.h"

namespace onnxprune::plugin {

class Team;

// Where a node runs: what work is handed to other threads through.
struct Place {
  const Api& api;
  OrtKernelContext* context;
  // What Team::threads() leaves here for its tasks.
  mutable Team* team = nullptr;
  mutable bool looks_out = false;
};

// The thread pool of one session. The C ABI doesn't tell how many threads it has, so those are counted that turn up.
// One that sleeps may take milliseconds for that, on a busy machine more: nobody waits for it, but some calls hand out
// tasks that do nothing besides, for whoever comes while the others are at work.
class Team {
 public:
  // The team of the session whose logger this is: one for all nodes of a session, for as long as one of them lives.
  static std::shared_ptr<Team> of(const OrtLogger* session);

  // Threads to share work out to; `place` must live as long as they are used.
  ParallelFor threads(const Place& place);

 private:
  struct Watch;
  bool looks_out();
  void count(std::thread::id helper);
  void run(const Place& place, void (*fn)(void* arg, size_t i), size_t n, void* arg);

  const int most_ = static_cast<int>(std::thread::hardware_concurrency());
  std::atomic<int> size_{1};
  std::atomic<uint32_t> calls_{0};
  std::mutex mutex_;
  std::set<std::thread::id> helpers_;
};

}  // namespace onnxprune::plugin
