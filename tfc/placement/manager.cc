// Queues and their like keep the ops that wait in a list, by the address of each op's
// cancellation manager and a token that the manager gave out. An op that was cancelled
// stays there until all before it have ended. A manager gives out tokens from 0, and a new
// one is often where one was freed. So a new op may be taken for an old one, and when it
// is cancelled the resource finds the old one, which was cancelled long ago, and the new
// one waits for ever.
//
// Here no op has the address and token of another.

#include "manager.h"

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tensorflow/core/framework/cancellation.h"

using tensorflow::CancellationManager;
using tensorflow::CancellationToken;

namespace {

// Manager is a place for cancellation managers, one after the other. A new one goes on
// with the tokens where the one before it has stopped.
class Manager {
 public:
  Manager() { manager_.emplace(); }
  CancellationManager *get() { return &*manager_; }

  void Renew() {
    CancellationToken next = manager_->get_cancellation_token();
    manager_.emplace();
    while (manager_->get_cancellation_token() < next) {
    }
  }

 private:
  std::optional<CancellationManager> manager_;
};

// Managers are those that no op has now. One that was not cancelled can be used again as
// it is. The others wait until there are many, so that their tokens grow slowly.
class Managers {
 public:
  std::shared_ptr<Manager> Take() {
    std::unique_ptr<Manager> m = Find();
    return std::shared_ptr<Manager>(m.release(), [this](Manager *m) { Give(std::unique_ptr<Manager>(m)); });
  }

 private:
  static constexpr size_t kMany = 1024;

  std::unique_ptr<Manager> Find() {
    std::unique_ptr<Manager> m;
    {
      std::lock_guard<std::mutex> lock(mu_);
      if (!unused_.empty()) {
        m = std::move(unused_.back());
        unused_.pop_back();
        return m;
      }
      if (cancelled_.size() >= kMany) {
        m = std::move(cancelled_.front());
        cancelled_.pop_front();
      }
    }
    if (m == nullptr) return std::make_unique<Manager>();
    m->Renew();
    return m;
  }

  void Give(std::unique_ptr<Manager> m) {
    std::lock_guard<std::mutex> lock(mu_);
    if (m->get()->IsCancelled()) {
      cancelled_.push_back(std::move(m));
    } else {
      unused_.push_back(std::move(m));
    }
  }

  std::mutex mu_;
  std::vector<std::unique_ptr<Manager>> unused_;
  std::deque<std::unique_ptr<Manager>> cancelled_;
};

// managers is never destroyed: ops may end after main has returned.
Managers *const managers = new Managers;

bool BeginsWith(std::string_view s, std::string_view prefix) { return s.substr(0, prefix.size()) == prefix; }

}  // namespace

bool ndf_waits_in_list(const tensorflow::OpKernel *kernel) {
  std::string_view op = kernel->type_string_view();
  return BeginsWith(op, "Queue") || BeginsWith(op, "Barrier") || BeginsWith(op, "Reader") ||
         op.find("AccumulatorTakeGradient") != op.npos;
}

std::function<void()> ndf_own_manager(tensorflow::OpKernelContext *ctx, std::function<void()> done) {
  CancellationManager *whole = ctx->cancellation_manager();
  if (whole == nullptr) return done;
  std::shared_ptr<Manager> own = managers->Take();
  CancellationToken token = whole->get_cancellation_token();
  if (!whole->RegisterCallback(token, [own] { own->get()->StartCancel(); })) own->get()->StartCancel();
  ctx->params()->cancellation_manager = own->get();
  return [own, whole, token, done = std::move(done)] {
    // Not Deregister, which would wait for the cancelling that has ended this op.
    whole->TryDeregisterCallback(token);
    done();
  };
}
