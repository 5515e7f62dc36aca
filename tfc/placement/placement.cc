// An allocator for TensorFlow's CPU memory that passes everything on to the one
// that TensorFlow would have taken without it, except where a thread has asked
// that an allocation be given memory of the caller's. Built against the headers
// that ship with the library, as custom ops are, by scripts/libtensorflow.

#include "placement.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "step.h"
#include "xla/tsl/framework/allocator.h"
#include "xla/tsl/framework/allocator_registry.h"

namespace {

// The watch of this thread. Initial-exec makes looking at it one instruction;
// the loader keeps room for a few such variables of libraries opened late.
__thread ndf_watch *current __attribute__((tls_model("initial-exec"))) = nullptr;

// Given are the places whose memory TensorFlow has now. Every deallocation of
// the process asks whether it is for one of them, and nearly none is, so the
// question is one load: of the number of places in the address's bucket. Whoever
// frees memory got it from the thread that was given it, so it sees the count.
class Given {
 public:
  void Add(ndf_place *p) {
    Bucket &b = bucket(p->memory);
    b.Lock();
    p->next = b.head;
    b.head = p;
    b.count.store(b.count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    b.Unlock();
  }

  // Take returns the place whose memory it is, and forgets it.
  ndf_place *Take(const void *memory) {
    Bucket &b = bucket(memory);
    if (b.count.load(std::memory_order_relaxed) == 0) return nullptr;
    b.Lock();
    ndf_place **at = &b.head;
    while (*at != nullptr && (*at)->memory != memory) at = &(*at)->next;
    ndf_place *p = *at;
    if (p != nullptr) {
      *at = p->next;
      b.count.store(b.count.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    }
    b.Unlock();
    return p;
  }

  // Size returns how many bytes a place's memory was asked for; 0 for other
  // memory.
  size_t Size(const void *memory) {
    Bucket &b = bucket(memory);
    if (b.count.load(std::memory_order_relaxed) == 0) return 0;
    b.Lock();
    const ndf_place *p = b.head;
    while (p != nullptr && p->memory != memory) p = p->next;
    size_t size = p != nullptr ? p->size : 0;
    b.Unlock();
    return size;
  }

 private:
  struct alignas(64) Bucket {
    std::atomic<int> count{0};
    std::atomic_flag locked = ATOMIC_FLAG_INIT;
    ndf_place *head = nullptr;
    void Lock() {
      while (locked.test_and_set(std::memory_order_acquire)) {
      }
    }
    void Unlock() { locked.clear(std::memory_order_release); }
  };

  static constexpr int kBucketBits = 8;

  Bucket &bucket(const void *memory) {
    // Fibonacci hashing of the address in units of its alignment.
    uint64_t h = (reinterpret_cast<uintptr_t>(memory) >> 6) * 0x9E3779B97F4A7C15u;
    return buckets_[h >> (64 - kBucketBits)];
  }

  Bucket buckets_[1 << kBucketBits];
};

Given given;

std::atomic<int> *StateOf(ndf_place *p) { return reinterpret_cast<std::atomic<int> *>(&p->state); }
static_assert(sizeof(std::atomic<int>) == sizeof(int) && std::atomic<int>::is_always_lock_free);

// Place gives the watched thread's next allocation its place, if it has one.
void *Place(ndf_watch *w, size_t alignment, size_t size) {
  size_t ordinal = w->count++;
  if (w->next_place == w->num_places || w->places[w->next_place]->ordinal != ordinal) return nullptr;
  ndf_place *p = w->places[w->next_place++];
  if (p->size != size || reinterpret_cast<uintptr_t>(p->memory) % alignment != 0) return nullptr;
  p->given = 1;
  StateOf(p)->store(NDF_PLACE_GIVEN, std::memory_order_relaxed);
  given.Add(p);
  return p->memory;
}

// Note writes an allocation into a rehearsal's log.
void Note(ndf_watch *w, void *memory, size_t size) {
  size_t ordinal = w->count - 1;  // Place has counted it
  if (ordinal < w->log_size) w->log[ordinal] = {memory, size, 0};
}

// NoteFreed looks from the end, since what is freed was mostly made lately.
void NoteFreed(ndf_watch *w, const void *memory) {
  for (size_t i = w->count < w->log_size ? w->count : w->log_size; i > 0; i--) {
    ndf_allocation &a = w->log[i - 1];
    if (a.memory == memory && !a.freed) {
      a.freed = 1;
      return;
    }
  }
}

class PlacingAllocator : public tsl::AllocatorWrapper {
 public:
  using AllocatorWrapper::AllocatorWrapper;

  void *AllocateRaw(size_t alignment, size_t size) override {
    return Allocate(alignment, size, [&] { return wrapped()->AllocateRaw(alignment, size); });
  }

  void *AllocateRaw(size_t alignment, size_t size, const tsl::AllocationAttributes &attributes) override {
    return Allocate(alignment, size, [&] { return wrapped()->AllocateRaw(alignment, size, attributes); });
  }

  void DeallocateRaw(void *memory) override {
    if (!Freed(memory)) wrapped()->DeallocateRaw(memory);
  }

  void DeallocateRaw(void *memory, size_t alignment, size_t size) override {
    if (!Freed(memory)) wrapped()->DeallocateRaw(memory, alignment, size);
  }

  // What is asked about memory is answered here for memory that is not the
  // wrapped allocator's.
  size_t RequestedSize(const void *memory) const override {
    size_t size = given.Size(memory);
    return size != 0 ? size : wrapped()->RequestedSize(memory);
  }

  size_t AllocatedSize(const void *memory) const override {
    size_t size = given.Size(memory);
    return size != 0 ? size : wrapped()->AllocatedSize(memory);
  }

  size_t AllocatedSizeSlow(const void *memory) const override {
    size_t size = given.Size(memory);
    return size != 0 ? size : wrapped()->AllocatedSizeSlow(memory);
  }

  int64_t AllocationId(const void *memory) const override {
    return given.Size(memory) != 0 ? 0 : wrapped()->AllocationId(memory);
  }

  // What AllocatorWrapper does not pass on.
  std::optional<tsl::AllocatorStats> GetStats() override { return wrapped()->GetStats(); }
  bool ClearStats() override { return wrapped()->ClearStats(); }
  void SetSafeFrontier(uint64_t count) override { wrapped()->SetSafeFrontier(count); }
  void SetStreamAndPreallocateMemory(void *stream) override { wrapped()->SetStreamAndPreallocateMemory(stream); }

 private:
  template <typename Next>
  static void *Allocate(size_t alignment, size_t size, Next next) {
    ndf_watch *w = current;
    if (__builtin_expect(w == nullptr, 1)) return next();
    void *memory = Place(w, alignment, size);
    if (memory != nullptr) return memory;
    memory = next();
    if (w->log != nullptr) Note(w, memory, size);
    return memory;
  }

  // Freed reports whether the memory was a place's.
  static bool Freed(void *memory) {
    ndf_watch *w = current;
    if (__builtin_expect(w != nullptr, 0) && w->log != nullptr) NoteFreed(w, memory);
    ndf_place *p = given.Take(memory);
    if (__builtin_expect(p == nullptr, 1)) return false;
    // From here on the place is its plan's again, unless that has left it.
    if (StateOf(p)->exchange(NDF_PLACE_FREE, std::memory_order_acq_rel) == NDF_PLACE_KEPT) p->released(p);
    return true;
  }
};

// The registry's list of factories is private, and no function of it tells the
// factory of another allocator than the best. An explicit instantiation may name
// private members, and hands the pointer to a friend that can be called.
template <auto Factories, auto FirstMade>
struct Reach {
  friend auto &FactoriesOf(tsl::AllocatorFactoryRegistry &r) { return r.*Factories; }
  friend bool IsTooLate(tsl::AllocatorFactoryRegistry &r) { return r.*FirstMade; }
};
auto &FactoriesOf(tsl::AllocatorFactoryRegistry &r);
bool IsTooLate(tsl::AllocatorFactoryRegistry &r);
template struct Reach<&tsl::AllocatorFactoryRegistry::factories_, &tsl::AllocatorFactoryRegistry::first_alloc_made_>;

constexpr char kName[] = "NdflowPlacement";
constexpr int kPriority = 1 << 20;

// Next returns the factory that would be asked if ours were not there.
// TensorFlow asks ours under the registry's lock, so the list stays as it is.
tsl::AllocatorFactory *Next() {
  tsl::AllocatorFactory *best = nullptr;
  int priority = 0;
  for (auto &entry : FactoriesOf(*tsl::AllocatorFactoryRegistry::singleton())) {
    if (entry.name != kName && (best == nullptr || entry.priority > priority)) {
      best = entry.factory.get();
      priority = entry.priority;
    }
  }
  return best;
}

class PlacingFactory : public tsl::AllocatorFactory {
 public:
  bool NumaEnabled() override { return Next()->NumaEnabled(); }
  tsl::Allocator *CreateAllocator() override { return new PlacingAllocator(Next()->CreateAllocator()); }
  tsl::SubAllocator *CreateSubAllocator(int numa_node) override { return Next()->CreateSubAllocator(numa_node); }
};

const char *Open() {
  tsl::AllocatorFactoryRegistry *registry = tsl::AllocatorFactoryRegistry::singleton();
  if (IsTooLate(*registry)) return "TensorFlow has made its allocator already";
  if (Next() == nullptr) return "TensorFlow has no allocator of its own";
  registry->Register(__FILE__, __LINE__, kName, kPriority, new PlacingFactory);
  ndf_steps_open();
  return nullptr;
}

void Watch(ndf_watch *w) { current = w; }

int Keep(ndf_place *p) {
  int state = NDF_PLACE_GIVEN;
  return StateOf(p)->compare_exchange_strong(state, NDF_PLACE_KEPT, std::memory_order_acq_rel);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const ndf_placement ndf_placement_v1 = {
    NDF_PLACEMENT_ABI, NDF_TENSORFLOW, Open, Watch, Keep,
    ndf_steps_can_cancel, ndf_step_new, ndf_step_free, ndf_step_arm, ndf_step_enter, ndf_step_leave, ndf_step_cancel,
};
