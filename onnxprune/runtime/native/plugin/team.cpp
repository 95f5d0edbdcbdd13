#include "plugin/team.h"

#include <algorithm>
#include <map>

namespace onnxprune::plugin {
namespace {

constexpr uint32_t kFirst = 64, kThen = 512;  // calls that look out: the first ones, and one of so many

void hand_out(const Place& place, void (*fn)(void* arg, size_t i), size_t n, void* arg) {
  if (place.api.ok(place.api->KernelContext_ParallelFor(place.context, fn, n, 0, arg))) return;
  for (size_t i = 0; i < n; ++i) fn(arg, i);  // it refuses before it begins
}

}  // namespace

// Tasks whose threads are counted; those behind the first n do nothing.
struct Team::Watch {
  Team& team;
  std::thread::id caller;
  void (*fn)(void* arg, size_t i);
  size_t n;
  void* arg;

  static void task(void* self, size_t i) {
    const Watch& watch = *static_cast<const Watch*>(self);
    const auto mine = std::this_thread::get_id();
    if (mine != watch.caller) watch.team.count(mine);
    if (i < watch.n) watch.fn(watch.arg, i);
  }
};

std::shared_ptr<Team> Team::of(const OrtLogger* session) {
  static std::mutex mutex;
  static auto& teams = *new std::map<const OrtLogger*, std::weak_ptr<Team>>;  // outlives sessions that end at exit
  const std::lock_guard<std::mutex> lock(mutex);
  for (auto it = teams.begin(); it != teams.end();) it = it->second.expired() ? teams.erase(it) : std::next(it);
  auto& slot = teams[session];
  auto team = slot.lock();
  if (!team) slot = team = std::make_shared<Team>();
  return team;
}

// The first calls do, then one in many.
bool Team::looks_out() {
  if (size_ >= most_) return false;
  const uint32_t calls = calls_.load(std::memory_order_relaxed);
  calls_.store(calls + 1, std::memory_order_relaxed);  // a call that isn't counted does no harm, a lock takes time
  return calls < kFirst || calls % kThen == 0;
}

void Team::count(std::thread::id helper) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (helpers_.insert(helper).second) size_ = std::min(most_, static_cast<int>(helpers_.size()) + 1);
}

void Team::run(const Place& place, void (*fn)(void* arg, size_t i), size_t n, void* arg) {
  if (!place.looks_out) return hand_out(place, fn, n, arg);
  Watch watch{*this, std::this_thread::get_id(), fn, n, arg};
  hand_out(place, Watch::task, n + static_cast<size_t>(std::max(1, most_ - size_)), &watch);
}

ParallelFor Team::threads(const Place& place) {
  ParallelFor parallel;
  place.team = this, place.looks_out = looks_out();
  parallel.threads = size_, parallel.alone = place.looks_out;
  if (parallel.threads < 2 && !place.looks_out) return parallel;
  parallel.ctx = const_cast<Place*>(&place);
  parallel.run = [](void* ctx, void (*fn)(void* arg, size_t i), size_t n, void* arg) {
    const Place& place = *static_cast<const Place*>(ctx);
    place.team->run(place, fn, n, arg);
  };
  return parallel;
}

}  // namespace onnxprune::plugin
