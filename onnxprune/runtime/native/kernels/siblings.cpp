#include "kernels/siblings.h"

#include <optional>

#include "core/aligned.h"
#include "core/denormals.h"
#include "kernels/int8/numbers.h"
#include "kernels/kernel.h"

namespace onnxprune {

Siblings::Siblings(std::vector<const Spmm*> members) : members_(std::move(members)) {
  const int8::Tiles* first = nullptr;
  for (const Spmm* member : members_) {
    const int8::Tiles* own = member->kernel_->quantises();
    if (own && own == first) quantises_ = own;
    if (own && !first) first = own;
  }
}

size_t Siblings::numbers_bytes(int64_t m) const {
  return quantises_ ? int8::Numbering::bytes(*quantises_, m, members_[0]->k()) : 0;
}

size_t Siblings::scratch_bytes(int64_t m, int threads) const {
  size_t bytes = numbers_bytes(m);
  for (const Spmm* member : members_) bytes += round_up(member->scratch_bytes(m, threads), kCacheLine);
  return bytes;
}

// Members begin one within the other, each as far as to hand out its tasks; the innermost call hands out those of all.
struct Siblings::Call {
  const Siblings& self;
  const Product* products;
  const ParallelFor& parallel;
  int64_t team;
  Job job;
  int8::Numbering* numbering;
  int8::Numbers numbers;
  char* scratch;
  size_t begun = 0;
  struct {
    void (*fn)(void* arg, size_t i);
    size_t n;
    void* arg;
  } tasks[kMost] = {};

  void begin_next() {
    if (begun == self.members_.size()) return parallel(static_cast<size_t>(team), work, this);
    const Spmm& member = *self.members_[begun];
    Job own = job;
    own.y = products[begun].y, own.epilogue = products[begun].epilogue, own.scratch = scratch;
    if (numbering && member.kernel_->quantises() == self.quantises_) own.numbers = &numbers;
    // One worker is done with a member before it begins the next.
    if (team > 1) scratch += round_up(member.scratch_bytes(job.m, static_cast<int>(team)), kCacheLine);
    member.kernel_->run(own);
  }

  static void hand_out(void* ctx, void (*fn)(void* arg, size_t i), size_t n, void* arg) {
    Call& call = *static_cast<Call*>(ctx);
    call.tasks[call.begun++] = {fn, n, arg};
    call.begin_next();
  }

  static void work(void* arg, size_t worker) {
    const Call& call = *static_cast<const Call*>(arg);
    const FlushSubnormals guard;
    if (call.numbering) call.numbering->make();
    for (size_t i = 0; i < call.begun; ++i)
      if (worker < call.tasks[i].n) call.tasks[i].fn(call.tasks[i].arg, worker);
  }
};

void Siblings::run(const float* x, int64_t m, const Product* products, const ParallelFor& parallel,
                   void* scratch) const {
  if (m <= 0) return;
  const FlushSubnormals guard;
  int64_t cost = 0;
  for (const Spmm* member : members_) cost += member->kernel_->cost(m);
  char* room = static_cast<char*>(scratch);
  std::optional<int8::Numbering> numbering;
  if (quantises_) numbering.emplace(*quantises_, x, m, members_[0]->k(), room);
  Call call{*this, products, parallel, workers(cost, parallel), {}, nullptr, {}, room + numbers_bytes(m)};
  if (numbering) call.numbering = &*numbering, call.numbers = numbering->numbers();
  const bool several = call.team > 1;
  call.job = {x, m, nullptr, {}, {&call, Call::hand_out, static_cast<int>(call.team), several, true}, nullptr};
  call.begin_next();
}

}  // namespace onnxprune
