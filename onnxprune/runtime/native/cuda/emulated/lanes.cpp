#include "cuda/emulated/lanes.h"

#include <stdexcept>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace onnxprune::cuda {
namespace {

constexpr int kWarp = 32;
constexpr size_t kStack = 128 << 10;

thread_local Lanes* running = nullptr;  // a context is entered without arguments

void leaving(void** notes, const void* bottom, size_t size) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(notes, bottom, size);
#else
  (void)notes, (void)bottom, (void)size;
#endif
}

void arrived(void* notes, const void** bottom, size_t* size) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(notes, bottom, size);
#else
  (void)notes, (void)bottom, (void)size;
#endif
}

}  // namespace

Lanes::Lanes(int count) : lanes_(count) {
  for (Lane& lane : lanes_) lane.stack.reset(new char[kStack]);  // not touched before it is used
}

void Lanes::run(const std::function<void(int)>& body, bool backwards) {
  body_ = &body, failure_ = nullptr, running = this;
  for (Lane& lane : lanes_) {
    lane.over = false;
    getcontext(&lane.context);
    lane.context.uc_stack.ss_sp = lane.stack.get();
    lane.context.uc_stack.ss_size = kStack;
    lane.context.uc_link = nullptr;
    makecontext(&lane.context, start, 0);
  }
  const int warps = static_cast<int>(lanes_.size()) / kWarp;
  for (bool left = true; left && !failure_;) {
    const uint64_t before = progress_;
    left = false;
    for (int i = 0; i < warps && !failure_; ++i) left |= run_warp(backwards ? warps - 1 - i : i);
    if (left && progress_ == before && !failure_)
      throw std::runtime_error("threads of a block wait for others that never come");
  }
  if (failure_) std::rethrow_exception(failure_);
}

bool Lanes::run_warp(int warp) {
  bool left = false;
  for (uint64_t before = progress_ - 1; before != progress_ && !failure_;) {
    before = progress_, left = false;
    for (current_ = warp * kWarp; current_ < (warp + 1) * kWarp && !failure_; ++current_) {
      Lane& lane = lanes_[current_];
      if (!lane.over) resume(lane);
      left |= !lane.over;
    }
  }
  return left;
}

void Lanes::resume(Lane& lane) {
  leaving(&home_sanitizer_, lane.stack.get(), kStack);
  swapcontext(&home_, &lane.context);
  arrived(home_sanitizer_, nullptr, nullptr);
}

void Lanes::yield() {
  Lane& lane = lanes_[current_];
  leaving(&lane.sanitizer, home_bottom_, home_size_);
  swapcontext(&lane.context, &home_);
  arrived(lane.sanitizer, &home_bottom_, &home_size_);
}

void Lanes::start() { running->enter(); }

void Lanes::enter() {
  arrived(nullptr, &home_bottom_, &home_size_);
  const int own = current_;
  try {
    (*body_)(own);
  } catch (...) {
    failure_ = std::current_exception();
  }
  lanes_[own].over = true, ++progress_;
  leaving(nullptr, home_bottom_, home_size_);
  swapcontext(&lanes_[own].context, &home_);
}

}  // namespace onnxprune::cuda
