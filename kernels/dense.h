// Products of dense real or complex matrices, columns in vectors of the processor. Real and imaginary parts
// lie in planes of their own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "lanes.h"

namespace qrnn {

using Vec = V<kLanes>;

using Wide = V<kNative>;

inline void fetch(const double* p, Wide& v) { std::memcpy(&v, p, sizeof v); }
inline void put(double* p, const Wide& v) { std::memcpy(p, &v, sizeof v); }
template <int W>
inline void fetch(const double* p, Halves<W>& v) {
  fetch(p, v.lo);
  fetch(p + W / 2, v.hi);
}
template <int W>
inline void put(double* p, const Halves<W>& v) {
  put(p, v.lo);
  put(p + W / 2, v.hi);
}

inline Vec loaded(const double* p) {
  Vec v;
  fetch(p, v);
  return v;
}
inline void stored(double* p, const Vec& v) { put(p, v); }

inline Wide wide(const double* p) {
  Wide v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// A matrix that is read number by number: entry (i, k) at i·row + k·column; `im` null: real.
struct Left {
  const double *re, *im;
  int64_t row, column;
};

// A matrix that is read or written in rows: row i at i·row.
template <class T>
struct Rows {
  T *re, *im;
  int64_t row;
};

// How many rows and vectors of columns of a product fit into the registers.
#ifdef __AVX512F__
constexpr int kRealTiles = 16, kComplexTiles = 8;
#else
constexpr int kRealTiles = 8, kComplexTiles = 4;
#endif

// f(0), …, f(N − 1) with constants, so that arrays indexed by them become registers.
template <int N, class F, int I = 0>
__attribute__((always_inline)) inline void unrolled(const F& f) {
  if constexpr (I < N) {
    f(std::integral_constant<int, I>{});
    unrolled<N, F, I + 1>(f);
  }
}

// f(n) with n, from 1 to N, as a constant.
template <int N, class F>
inline void with_constant(int64_t n, const F& f) {
  if (n == N) return f(std::integral_constant<int, N>{});
  if constexpr (N > 1) with_constant<N - 1>(n, f);
}

// c[i, j] (+)= Σ_k a[i, k]·b[k, j] for R rows and N vectors. SA, SB: −1 conjugates.
template <int R, int N, bool AC, bool BC, int SA, int SB, bool ADD>
__attribute__((noinline)) void tile(int64_t K, Left a, Rows<const double> b, Rows<double> c) {
  constexpr bool C = AC || BC;
  Wide re[R * N], im[C ? R * N : 1];
  unrolled<R * N>([&](auto n) __attribute__((always_inline)) {
    constexpr int i = n / N, j = n % N;
    re[n] = ADD ? wide(c.re + i * c.row + j * kNative) : Wide{};
    if constexpr (C) im[n] = ADD ? wide(c.im + i * c.row + j * kNative) : Wide{};
  });
  for (int64_t k = 0; k < K; ++k) {
    Wide br[N], bi[N];
    unrolled<N>([&](auto j) __attribute__((always_inline)) {
      br[j] = wide(b.re + j * kNative);
      if constexpr (BC) bi[j] = wide(b.im + j * kNative);
    });
    unrolled<R>([&](auto i) __attribute__((always_inline)) {
      const double ar = a.re[i * a.row], ai = AC ? a.im[i * a.row] : 0.0;
      unrolled<N>([&](auto j) __attribute__((always_inline)) {
        constexpr int n = i * N + j;
        re[n] += ar * br[j];
        if constexpr (BC) im[n] = SB > 0 ? im[n] + ar * bi[j] : im[n] - ar * bi[j];
        if constexpr (AC) im[n] = SA > 0 ? im[n] + ai * br[j] : im[n] - ai * br[j];
        if constexpr (AC && BC) re[n] = SA * SB > 0 ? re[n] - ai * bi[j] : re[n] + ai * bi[j];
      });
    });
    a.re += a.column;
    if constexpr (AC) a.im += a.column;
    b.re += b.row;
    if constexpr (BC) b.im += b.row;
  }
  unrolled<R * N>([&](auto n) __attribute__((always_inline)) {
    constexpr int i = n / N, j = n % N;
    std::memcpy(c.re + i * c.row + j * kNative, &re[n], sizeof(Wide));
    if constexpr (C) std::memcpy(c.im + i * c.row + j * kNative, &im[n], sizeof(Wide));
  });
}

// The rows of one panel of N vectors of columns.
template <int N, bool AC, bool BC, int SA, int SB, bool ADD>
inline void panel(int64_t M, int64_t K, Left a, Rows<const double> b, Rows<double> c) {
  constexpr bool C = AC || BC;
  constexpr int R = std::max(1, (C ? kComplexTiles : kRealTiles) / N);
  auto at = [&](int64_t i) {
    return Left{a.re + i * a.row, AC ? a.im + i * a.row : nullptr, a.row, a.column};
  };
  auto out = [&](int64_t i) { return Rows<double>{c.re + i * c.row, C ? c.im + i * c.row : nullptr, c.row}; };
  int64_t i = 0;
  for (; i + R <= M; i += R) tile<R, N, AC, BC, SA, SB, ADD>(K, at(i), b, out(i));
  constexpr int half = std::max(1, R / 2), quarter = std::max(1, R / 4);
  for (; i + half <= M; i += half) tile<half, N, AC, BC, SA, SB, ADD>(K, at(i), b, out(i));
  for (; i + quarter <= M; i += quarter) tile<quarter, N, AC, BC, SA, SB, ADD>(K, at(i), b, out(i));
  for (; i < M; ++i) tile<1, N, AC, BC, SA, SB, ADD>(K, at(i), b, out(i));
}

// c (+)= a·b, N a multiple of kLanes. `lower`: only panels of columns that touch the lower triangle
// (the product is Hermitian and square).
template <bool AC, bool BC, int SA, int SB, bool ADD>
inline void multiply(int64_t M, int64_t N, int64_t K, Left a, Rows<const double> b, Rows<double> c,
                     bool lower = false) {
  constexpr int64_t kWide = 2 * kNative;
  int64_t j = 0;
  auto from = [&](int64_t i, int64_t at, auto body) {
    body(M - i, K, Left{a.re + i * a.row, AC ? a.im + i * a.row : nullptr, a.row, a.column},
         Rows<const double>{b.re + at, BC ? b.im + at : nullptr, b.row},
         Rows<double>{c.re + i * c.row + at, AC || BC ? c.im + i * c.row + at : nullptr, c.row});
  };
  for (; j + kWide <= N; j += kWide) from(lower ? j : 0, j, panel<2, AC, BC, SA, SB, ADD>);
  for (; j < N; j += kNative) from(lower ? j : 0, j, panel<1, AC, BC, SA, SB, ADD>);
}

// Σ over the lanes of Σ_i a[i]·b[i].
inline double dot(int64_t n, const double* a, const double* b) {
  Vec s0 = {}, s1 = {};
  int64_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    s0 += loaded(a + i) * loaded(b + i);
    s1 += loaded(a + i + kLanes) * loaded(b + i + kLanes);
  }
  for (; i < n; i += kLanes) s0 += loaded(a + i) * loaded(b + i);
  return total(s0 + s1);
}

}  // namespace qrnn
