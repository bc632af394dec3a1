// Memory for numbers and vectors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace qrnn {

// What a thread works with, kept from call to call: memory that is handed back to the system comes again page by page.
// What is taken last must be given back first. A block too small grows once nothing is taken.
class Kept {
 public:
  static Kept& here() {
    static thread_local Kept kept;
    return kept;
  }

  void* take(size_t bytes) {
    ++taken_;
    needed_ += bytes;
    most_ = std::max(most_, needed_);
    if (needed_ > size_) return std::aligned_alloc(kAlignment, bytes);
    return block_ + (needed_ - bytes);
  }

  void give(void* p, size_t bytes) {
    needed_ -= bytes;
    if (needed_ + bytes > size_) std::free(p);
    if (--taken_ > 0 || most_ <= size_ || size_ == kLargest) return;
    std::free(block_);
    size_ = std::min(most_, kLargest);
    block_ = static_cast<char*>(std::aligned_alloc(kAlignment, size_));
  }

  static size_t rounded(size_t bytes) { return std::max<size_t>((bytes + kAlignment - 1) / kAlignment, 1) * kAlignment; }

 private:
#ifdef __SANITIZE_ADDRESS__
  static constexpr size_t kLargest = 0;  // so that each arena has its own bounds
#else
  static constexpr size_t kLargest = size_t(32) << 20;
#endif
  static constexpr size_t kAlignment = 64;

  Kept() = default;
  ~Kept() { std::free(block_); }

  char* block_ = nullptr;
  size_t size_ = 0, needed_ = 0, most_ = 0;
  int64_t taken_ = 0;
};

// Aligned memory of the thread that makes it, not initialised.
template <class T>
class Arena {
 public:
  explicit Arena(int64_t entries)
      : bytes_(Kept::rounded(std::max<int64_t>(entries, 0) * sizeof(T))), data_(static_cast<T*>(Kept::here().take(bytes_))) {}
  ~Arena() { Kept::here().give(data_, bytes_); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  T* get() { return data_; }
  const T* get() const { return data_; }

 private:
  size_t bytes_;
  T* data_;
};

}  // namespace qrnn
