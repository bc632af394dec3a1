// Memory for vectors, and work shared between threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "xla/ffi/api/ffi.h"

namespace qrnn {

// Aligned memory, not initialised.
template <class T>
class Arena {
 public:
  explicit Arena(int64_t entries)
      : data_(static_cast<T*>(std::aligned_alloc(64, (std::max<int64_t>(entries, 1) * sizeof(T) + 63) / 64 * 64))) {}
  ~Arena() { std::free(data_); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  T* get() { return data_; }

 private:
  T* data_;
};

constexpr int kSpins = 2000;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// work(i) for all i < count, by the caller and whatever threads of the pool are free.
template <class F>
void share(xla::ffi::ThreadPool& pool, int64_t count, F work) {
  struct Shared {
    std::atomic<int64_t> next{0};
    std::mutex mutex;
    std::condition_variable done;
    std::atomic<int64_t> left{0};
  };
  auto shared = std::make_shared<Shared>();
  shared->left = count;
  auto take = [shared, count, &work] {
    for (int64_t i; (i = shared->next.fetch_add(1)) < count;) {
      work(i);
      if (shared->left.fetch_sub(1) == 1) {
        std::lock_guard<std::mutex> lock(shared->mutex);
        shared->done.notify_all();
      }
    }
  };
  const int64_t helpers = std::min<int64_t>(pool.num_threads(), count) - 1;
  // A task that starts late finds nothing left and does not touch `work`, which is gone by then.
  for (int64_t i = 0; i < helpers; ++i) pool.Schedule([take] { take(); });
  take();
  // Sleeping and waking cost more than most waits last.
  for (int i = 0; i < kSpins; ++i) {
    if (shared->left.load() == 0) return;
    pause();
  }
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->done.wait(lock, [&] { return shared->left.load() == 0; });
}

}  // namespace qrnn
