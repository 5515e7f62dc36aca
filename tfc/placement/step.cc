// A CPU device that is TensorFlow's own but for what it does around each op.
//
//  - It looks whether the step, or the function that the op belongs to, was cancelled.
//    TensorFlow's executors do not: of a step that has timed out, or whose session was
//    closed, only loops and ops that wait for something end early.
//  - It gives the ops of a step that ndflow can cancel a cancellation manager of the
//    step's own. The one that the session makes is out of reach, and gone as soon as
//    the step is over.
//  - It gives ops that wait in a list a manager that no other op has had; see manager.cc.
//  - It ends asynchronous ops of a step on the calling thread one after the other.
//    TensorFlow continues such a step from within each op's end, so that the stack grows
//    with each op, and a few thousand of them overflow it.

#include "step.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "manager.h"
#include "tensorflow/core/common_runtime/process_state.h"
#include "tensorflow/core/common_runtime/threadpool_device.h"
#include "tensorflow/core/framework/cancellation.h"
#include "tensorflow/core/framework/device_factory.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/platform/numa.h"
#include "tensorflow/core/public/session_options.h"

using tensorflow::AsyncOpKernel;
using tensorflow::CancellationManager;
using tensorflow::OpKernel;
using tensorflow::OpKernelContext;

struct ndf_step {
  std::mutex mu;
  // Of the armed step; the callback on the session's own manager shares it.
  std::shared_ptr<CancellationManager> own;
  // The rest is set between enter and leave, and read by ops, which run only then.
  std::atomic<CancellationManager *> session{nullptr};  // once an op has shown it
  // A session's Run has the step's call frame on its stack, which is how ops are known
  // to belong to this step: it lies a little below enter's own frame.
  uintptr_t stack = 0;
};

namespace {

// How much of its stack a session's Run may use before the call frame.
constexpr uintptr_t kFrames = 1 << 16;

// The inline step that this thread has begun, which runs most of the step's ops.
__thread ndf_step *begun __attribute__((tls_model("initial-exec"))) = nullptr;

// All entered steps. Ops on other threads look here, whichever step they are of: those
// of the pool, and those of an inline step that goes on where an asynchronous op has
// ended. Most of the time there is none.
std::mutex entered_mu;
std::vector<ndf_step *> entered;
std::atomic<int> num_entered{0};

bool IsFrameOf(const ndf_step *step, const void *frame) {
  return step->stack - reinterpret_cast<uintptr_t>(frame) < kFrames;
}

// Adopt makes the op use the step's own manager, if it is the step's: a function that
// the step calls has a manager of its own, which is a child of what the call had.
// True: the op is of this step.
bool Adopt(ndf_step *step, OpKernelContext *ctx) {
  CancellationManager *session = step->session.load(std::memory_order_acquire);
  CancellationManager *have = ctx->cancellation_manager();
  if (session == nullptr) {
    if (have == nullptr || !IsFrameOf(step, ctx->call_frame())) return false;
    std::lock_guard<std::mutex> lock(step->mu);
    session = step->session.load(std::memory_order_relaxed);
    if (session == nullptr) {
      std::shared_ptr<CancellationManager> own = step->own;
      if (!have->RegisterCallback(have->get_cancellation_token(), [own] { own->StartCancel(); })) {
        own->StartCancel();
      }
      step->session.store(session = have, std::memory_order_release);
    }
  }
  if (have != session) return false;
  ctx->params()->cancellation_manager = step->own.get();
  return true;
}

// IsCancelled reports whether the op must not run any more, and says so in its status.
bool IsCancelled(OpKernelContext *ctx) {
  if (begun != nullptr) {
    Adopt(begun, ctx);
  } else if (__builtin_expect(num_entered.load(std::memory_order_relaxed) != 0, 0)) {
    std::lock_guard<std::mutex> lock(entered_mu);
    for (ndf_step *step : entered) {
      if (Adopt(step, ctx)) break;
    }
  }
  CancellationManager *m = ctx->cancellation_manager();
  if (__builtin_expect(m == nullptr || !m->IsCancelled(), 1)) return false;
  ctx->SetStatus(absl::CancelledError("the step was cancelled"));
  return true;
}

// Ends are the ends of asynchronous ops that wait for their turn on this thread.
using Ends = std::deque<std::function<void()>>;
__thread Ends *waiting __attribute__((tls_model("initial-exec"))) = nullptr;

// Inside is the time that a kernel runs: a step or function that it runs itself, and
// waits for, must not wait for ends out here.
class Inside {
 public:
  Inside() : outer_(waiting) { waiting = nullptr; }
  ~Inside() { waiting = outer_; }
  Ends *outer() const { return outer_; }

 private:
  Ends *const outer_;
};

// Finish runs an op's end, and those that come due meanwhile.
void Finish(std::function<void()> end) {
  if (waiting != nullptr) {
    waiting->push_back(std::move(end));
    return;
  }
  Ends ends;
  waiting = &ends;
  end();
  while (!ends.empty()) {
    end = std::move(ends.front());
    ends.pop_front();
    end();
  }
  waiting = nullptr;
}

// AsyncCall is an asynchronous op between its beginning and its end. Whichever comes
// second, the kernel's return or the op's end, continues the step.
struct AsyncCall {
  std::atomic<bool> second{false};
  std::function<void()> done;
};

class Device : public tensorflow::ThreadPoolDevice {
 public:
  using ThreadPoolDevice::ThreadPoolDevice;

  void Compute(OpKernel *kernel, OpKernelContext *ctx) override {
    if (IsCancelled(ctx)) return;
    if (kernel->AsAsync() != nullptr && ndf_waits_in_list(kernel)) {  // an eager op
      Inside inside;
      CancellationManager *whole = ctx->cancellation_manager();
      std::function<void()> end = ndf_own_manager(ctx, [] {});
      ThreadPoolDevice::Compute(kernel, ctx);
      end();
      ctx->params()->cancellation_manager = whole;
      return;
    }
    if (waiting == nullptr) {
      ThreadPoolDevice::Compute(kernel, ctx);
      return;
    }
    Inside inside;
    ThreadPoolDevice::Compute(kernel, ctx);
  }

  void ComputeAsync(AsyncOpKernel *kernel, OpKernelContext *ctx, AsyncOpKernel::DoneCallback done) override {
    if (IsCancelled(ctx)) {
      Finish(std::move(done));
      return;
    }
    if (ndf_waits_in_list(kernel)) done = ndf_own_manager(ctx, std::move(done));
    if (!ctx->run_all_kernels_inline()) {
      ThreadPoolDevice::ComputeAsync(kernel, ctx, std::move(done));
      return;
    }
    auto call = std::make_shared<AsyncCall>();
    call->done = std::move(done);
    {
      Inside inside;
      ThreadPoolDevice::ComputeAsync(kernel, ctx, [call] {
        if (call->second.exchange(true)) Finish(std::move(call->done));
      });
    }
    if (call->second.exchange(true)) Finish(std::move(call->done));
  }
};

constexpr char kCPU[] = "CPU";
constexpr int kPlain = 60;  // the priority of TensorFlow's plain CPU device

class Factory : public tensorflow::DeviceFactory {
 public:
  absl::Status ListPhysicalDevices(std::vector<std::string> *devices) override {
    devices->push_back("/physical_device:CPU:0");
    return absl::OkStatus();
  }

  absl::Status CreateDevices(const tensorflow::SessionOptions &options, const std::string &prefix,
                             std::vector<std::unique_ptr<tensorflow::Device>> *devices) override {
    const auto &counts = options.config.device_count();
    auto count = counts.find(kCPU);
    int n = count != counts.end() ? count->second : 1;
    int nodes = options.config.experimental().use_numa_affinity() ? tensorflow::port::NUMANumNodes() : 0;
    for (int i = 0; i < n; i++) {
      tensorflow::DeviceLocality locality;
      int node = tensorflow::port::kNUMANoAffinity;
      if (nodes > 0) locality.set_numa_node(node = i % nodes);
      devices->push_back(std::make_unique<Device>(options, prefix + "/device:CPU:" + std::to_string(i),
                                                  tensorflow::Bytes(256 << 20), locality,
                                                  tensorflow::ProcessState::singleton()->GetCPUAllocator(node)));
    }
    return absl::OkStatus();
  }
};

bool is_open = false;

}  // namespace

void ndf_steps_open() {
  if (tensorflow::DeviceFactory::DevicePriority(kCPU) != kPlain) return;
  tensorflow::DeviceFactory::Register(kCPU, std::make_unique<Factory>(), kPlain + 1, false);
  is_open = true;
}

int ndf_steps_can_cancel() { return is_open; }

ndf_step *ndf_step_new() { return new (std::nothrow) ndf_step; }

void ndf_step_free(ndf_step *step) { delete step; }

void ndf_step_arm(ndf_step *step) {
  std::lock_guard<std::mutex> lock(step->mu);
  step->own = std::make_shared<CancellationManager>();
}

void ndf_step_enter(ndf_step *step, int is_inline) {
  step->stack = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  step->session.store(nullptr, std::memory_order_relaxed);
  if (is_inline) begun = step;
  std::lock_guard<std::mutex> lock(entered_mu);
  entered.push_back(step);
  num_entered.store(static_cast<int>(entered.size()), std::memory_order_relaxed);
}

void ndf_step_leave(ndf_step *step) {
  begun = nullptr;
  std::lock_guard<std::mutex> lock(entered_mu);
  entered.erase(std::find(entered.begin(), entered.end(), step));
  num_entered.store(static_cast<int>(entered.size()), std::memory_order_relaxed);
}

void ndf_step_cancel(ndf_step *step) {
  std::shared_ptr<CancellationManager> own;
  {
    std::lock_guard<std::mutex> lock(step->mu);
    own = step->own;
  }
  own->StartCancel();
}
