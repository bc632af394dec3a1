// Work shared between threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace qrnn {

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// How long a helper looks for more work before it sleeps. Waking one takes about 20 µs, a good part of a small step;
// within this time the calls of a training loop follow each other.
constexpr std::chrono::microseconds kAwake{200};

// A thread that runs what it is handed. Several callers may share one: whoever claims it first has it.
class Helper {
 public:
  using Work = void (*)(void*);

  Helper() {
    std::thread([this] { live(); }).detach();
  }

  bool offer(Work work, void* with) {
    int idle = kIdle;
    if (!state_.compare_exchange_strong(idle, kClaimed)) return false;
    work_ = work;
    with_ = with;
    state_.store(kOffered);
    if (asleep_.load()) {
      std::lock_guard<std::mutex> lock(mutex_);
      woken_.notify_one();
    }
    return true;
  }

  // After this the helper does not touch what it was offered.
  void settle() {
    int offered = kOffered;
    if (state_.compare_exchange_strong(offered, kIdle)) return;  // it came too late, and is not needed
    for (int spins = 0; state_.load() != kDone; ++spins) {
      if (spins < 2000) pause();
      else std::this_thread::yield();
    }
    state_.store(kIdle);
  }

 private:
  enum : int { kIdle, kClaimed, kOffered, kTaken, kDone };

  void live() {
    for (;;) {
      if (!take()) {
        asleep_.store(true);
        std::unique_lock<std::mutex> lock(mutex_);
        woken_.wait(lock, [this] { return state_.load() == kOffered; });
        asleep_.store(false);
      }
    }
  }

  // Runs what is offered within kAwake, if anything is.
  bool take() {
    const auto end = std::chrono::steady_clock::now() + kAwake;
    for (;;) {
      for (int spins = 0; spins < 64; ++spins) {
        int offered = kOffered;
        if (state_.load(std::memory_order_relaxed) == kOffered && state_.compare_exchange_strong(offered, kTaken)) {
          work_(with_);
          state_.store(kDone);
          return true;
        }
        pause();
      }
      if (std::chrono::steady_clock::now() > end) return false;
    }
  }

  alignas(64) std::atomic<int> state_{kIdle};
  std::atomic<bool> asleep_{false};
  Work work_ = nullptr;
  void* with_ = nullptr;
  std::mutex mutex_;
  std::condition_variable woken_;
};

// One fewer than the `threads` of the first call, or as many as the system lets start. They are never joined: a process
// ends without them, and one that was forked from another has none, so that its callers do everything themselves.
inline const std::vector<Helper*>& helpers(int64_t threads) {
  static const std::vector<Helper*>* all = [threads] {
    auto* made = new std::vector<Helper*>;
    try {
      for (int64_t i = 1; i < threads; ++i) made->push_back(new Helper);
    } catch (const std::system_error&) {
    }
    return made;
  }();
  return *all;
}

// work(i) for all i < count, by the caller and whatever helpers are free, on `threads` threads at most.
template <class F>
void share(int64_t threads, int64_t count, F work) {
  struct Shared {
    std::atomic<int64_t> next{0};
    int64_t count;
    F* work;
  } shared{{}, count, &work};
  const auto run = [](void* with) {
    auto& s = *static_cast<Shared*>(with);
    for (int64_t i; (i = s.next.fetch_add(1)) < s.count;) (*s.work)(i);
  };
  std::vector<Helper*> taken;
  for (Helper* helper : helpers(threads))
    if (int64_t(taken.size()) + 1 < std::min(threads, count) && helper->offer(run, &shared)) taken.push_back(helper);
  run(&shared);
  for (Helper* helper : taken) helper->settle();
}

}  // namespace qrnn
