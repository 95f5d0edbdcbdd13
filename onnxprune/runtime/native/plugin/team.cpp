#include "plugin/team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <thread>

namespace onnxprune::plugin {
namespace {

constexpr size_t kTasks = 256;
constexpr std::chrono::microseconds kPatience{2000};

// Threads that met. A thread is known by the task it waits in: it takes no other one meanwhile.
struct Meeting {
  std::atomic<int> present{0};
  std::atomic<bool> over{false};
  int expected = static_cast<int>(std::thread::hardware_concurrency());
  std::chrono::steady_clock::time_point end = std::chrono::steady_clock::now() + kPatience;

  static void attend(void* self, size_t) {
    auto& meeting = *static_cast<Meeting*>(self);
    if (meeting.over) return;
    ++meeting.present;
    while (!meeting.over) {
      if (meeting.present >= meeting.expected || std::chrono::steady_clock::now() > meeting.end) meeting.over = true;
      std::this_thread::yield();
    }
  }
};

int count(const Place& place) {
  Meeting meeting;
  if (meeting.expected < 2) return 1;
  if (!place.api.ok(place.api->KernelContext_ParallelFor(place.context, Meeting::attend, kTasks, 0, &meeting))) return 1;
  return std::max(1, meeting.present.load());
}

void run(void* ctx, void (*fn)(void* arg, size_t i), size_t n, void* arg) {
  const Place& place = *static_cast<const Place*>(ctx);
  if (place.api.ok(place.api->KernelContext_ParallelFor(place.context, fn, n, 0, arg))) return;
  for (size_t i = 0; i < n; ++i) fn(arg, i);  // it refuses before it begins
}

}  // namespace

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

ParallelFor Team::threads(const Place& place) {
  std::call_once(counted_, [&] { size_ = count(place); });
  ParallelFor parallel;
  if (size_ < 2) return parallel;
  parallel.ctx = const_cast<Place*>(&place);
  parallel.run = run;
  parallel.threads = size_;
  return parallel;
}

}  // namespace onnxprune::plugin
