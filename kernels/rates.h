// How fast this machine is at what plans are made of: the best of a few short runs.
#pragma once

#include <chrono>
#include <vector>

#include "chain.h"
#include "dense.h"
#include "memory.h"

namespace qrnn {

// Units of work a second.
template <class F>
inline double best_rate(int runs, double work, F body) {
  double best = 0;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, work / std::max(took.count(), 1e-9));
  }
  return best;
}

// Real operations of products of complex matrices of 16 rows.
inline double product_rate() {
  constexpr int64_t n = 16, count = 200;
  Arena<double> space(6 * n * n);
  double* x = space.get();
  for (int64_t i = 0; i < 6 * n * n; ++i) x[i] = 1.0 / (i + 1);
  return best_rate(20, 8.0 * n * n * n * count, [&] {
    for (int64_t i = 0; i < count; ++i)
      multiply<true, true, 1, 1, false>(n, n, n, {x, x + n * n, n, 1}, {x + 2 * n * n, x + 3 * n * n, n},
                                        {x + 4 * n * n, x + 5 * n * n, n});
  });
}

// Real operations of complex gates, one after the other, on eight states of 256 amplitudes.
inline double gate_rate() {
  constexpr int64_t n = 256, count = 20;
  std::vector<int64_t> code = {n, 1, 8, 8 + n, 8 + 2 * n, 8 + 3 * n, count};
  for (int64_t gate = 0; gate < count; ++gate) {
    const int64_t bit = int64_t(1) << gate % 8;
    code.insert(code.end(), {kGeneral, 1, n / 2, 1, 0, 1, 2, 3, 4, 5, 6, 7});
    for (int64_t i = 0; i < n; ++i)
      if (!(i & bit)) code.insert(code.end(), {i, i | bit});
  }
  Arena<Vec> space(8 + 4 * n);
  for (int64_t i = 0; i < 8 + 4 * n; ++i) space.get()[i] = Vec{} + 0.1 / (i + 1);
  return best_rate(20, 16.0 * n * kLanes * count,
                   [&] { chain_forward(*reinterpret_cast<const Chain*>(code.data()), space.get()); });
}

// Bytes read and written where 32 MiB are copied: more than a core's caches hold.
inline double memory_rate() {
  constexpr int64_t n = 1 << 22;
  Arena<double> space(2 * n);
  std::memset(space.get(), 1, 2 * n * sizeof(double));
  return best_rate(3, 2.0 * n * sizeof(double), [&] {
    std::memcpy(space.get(), space.get() + n, n * sizeof(double));
    std::memcpy(space.get() + n, space.get(), sizeof(double));
  });
}

}  // namespace qrnn
