// Gates in pair form: row i of a state becomes a·(row i) + b·(row other[i]).
#pragma once

#include <cstdint>

#include "dense.h"

namespace qrnn {

// Rows of a fixed matrix are vectors themselves; other rows are of lanes already.
template <int W>
struct Row {
  using T = V<W>;
  static constexpr int64_t step = 1;
  static T get(const V<W>* p) { return *p; }
  static void set(V<W>* p, T x) { *p = x; }
  static V<W> sum(T x) { return x; }
};
struct WideRow {
  using T = Vec;
  static constexpr int64_t step = kLanes;
  static T get(const double* p) { return loaded(p); }
  static void set(double* p, T x) { stored(p, x); }
  static double sum(T x) { return total(x); }
};

// Sums that go to one entry after another, often to the same one many times in a row.
template <class R, class E>
struct Running {
  E* g;
  int64_t at = -1;
  typename R::T sum = typename R::T{};

  explicit Running(E* g) : g(g) {}
  Running(const Running&) = delete;
  ~Running() { flush(); }
  void add(int64_t to, typename R::T x) {
    if (to != at) {
      flush();
      at = to;
      sum = typename R::T{};
    }
    sum += x;
  }
  void flush() {
    if (at >= 0) g[at] += R::sum(sum);
  }
};

// `a`: rows, entries of a row, the state's planes, the result's planes, then for every row the other
// row and the entries of a and b; planes and entries at −1 are zero.
template <int W, class R>
inline void pair_forward(const int64_t* a, V<W>* d) {
  const int64_t n = a[0], r = a[1], tr = a[2], ti = a[3], outr = a[4], outi = a[5];
  const int64_t* m = a + 6;
  using T = typename R::T;
  for (int64_t i = 0; i < n; ++i, m += 5) {
    const V<W>*x = d + tr + i * r, *y = d + tr + m[0] * r;
    V<W>* o = d + outr + i * r;
    const V<W> zero = {};
    const bool alone = m[3] < 0 && m[4] < 0;
    const V<W> ar = m[1] < 0 ? zero : d[m[1]], ai = m[2] < 0 ? zero : d[m[2]];
    const V<W> br = m[3] < 0 ? zero : d[m[3]], bi = m[4] < 0 ? zero : d[m[4]];
    if (outi < 0) {
      for (int64_t k = 0; k < r; k += R::step) {
        T found = ar * R::get(x + k);
        if (!alone) found += br * R::get(y + k);
        R::set(o + k, found);
      }
      continue;
    }
    V<W>* oi = d + outi + i * r;
    if (ti < 0) {
      for (int64_t k = 0; k < r; k += R::step) {
        const T xr = R::get(x + k), yr = R::get(y + k);
        R::set(o + k, ar * xr + br * yr);
        R::set(oi + k, ai * xr + bi * yr);
      }
      continue;
    }
    const V<W>*xi = d + ti + i * r, *yi = d + ti + m[0] * r;
    for (int64_t k = 0; k < r; k += R::step) {
      const T xr = R::get(x + k), xm = R::get(xi + k);
      T re = ar * xr - ai * xm, im = ar * xm + ai * xr;
      if (!alone) {
        const T yr = R::get(y + k), ym = R::get(yi + k);
        re += br * yr - bi * ym;
        im += br * ym + bi * yr;
      }
      R::set(o + k, re);
      R::set(oi + k, im);
    }
  }
}

template <int W, class R>
inline void pair_reverse(const int64_t* a, const V<W>* d, V<W>* g) {
  const int64_t n = a[0], r = a[1], tr = a[2], ti = a[3], outr = a[4], outi = a[5];
  const int64_t* m = a + 6;
  using T = typename R::T;
  auto add = [](V<W>* p, T x) { R::set(p, R::get(p) + x); };
  Running<R, V<W>> a_re(g), a_im(g), b_re(g), b_im(g);
  for (int64_t i = 0; i < n; ++i, m += 5) {
    const V<W> zero = {};
    const bool alone = m[3] < 0 && m[4] < 0;
    const V<W> ar = m[1] < 0 ? zero : d[m[1]], ai = m[2] < 0 ? zero : d[m[2]];
    const V<W> br = m[3] < 0 ? zero : d[m[3]], bi = m[4] < 0 ? zero : d[m[4]];
    T gar = {}, gai = {}, gbr = {}, gbi = {};
    for (int64_t k = 0; k < r; k += R::step) {
      const int64_t x = i * r + k, y = m[0] * r + k;
      const T xr = R::get(d + tr + x), or_ = R::get(g + outr + x);
      if (outi < 0) {
        gar += or_ * xr;
        add(g + tr + x, ar * or_);
        if (alone) continue;
        gbr += or_ * R::get(d + tr + y);
        add(g + tr + y, br * or_);
        continue;
      }
      const T oi = R::get(g + outi + x);
      if (ti < 0) {
        const T yr = R::get(d + tr + y);
        gar += or_ * xr;
        gai += oi * xr;
        gbr += or_ * yr;
        gbi += oi * yr;
        add(g + tr + x, ar * or_ + ai * oi);
        add(g + tr + y, br * or_ + bi * oi);
        continue;
      }
      const T xi = R::get(d + ti + x);
      gar += or_ * xr + oi * xi;
      gai += oi * xr - or_ * xi;
      add(g + tr + x, ar * or_ + ai * oi);
      add(g + ti + x, ar * oi - ai * or_);
      if (alone) continue;
      const T yr = R::get(d + tr + y), yi = R::get(d + ti + y);
      gbr += or_ * yr + oi * yi;
      gbi += oi * yr - or_ * yi;
      add(g + tr + y, br * or_ + bi * oi);
      add(g + ti + y, br * oi - bi * or_);
    }
    a_re.add(m[1], gar);
    a_im.add(m[2], gai);
    b_re.add(m[3], gbr);
    b_im.add(m[4], gbi);
  }
}

// Real rows of R numbers, fewer than a vector holds, as tables of angles have them.
template <int R>
inline void narrow_forward(const int64_t* a, double* d) {
  const int64_t n = a[0];
  const double* x = d + a[2];
  double* o = d + a[4];
  const int64_t* m = a + 6;
  for (int64_t i = 0; i < n; ++i, m += 5, o += R) {
    const double ar = m[1] < 0 ? 0.0 : d[m[1]], br = m[3] < 0 ? 0.0 : d[m[3]];
    for (int k = 0; k < R; ++k) o[k] = ar * x[i * R + k] + br * x[m[0] * R + k];
  }
}

template <int R>
inline void narrow_reverse(const int64_t* a, const double* d, double* g) {
  const int64_t n = a[0];
  const double *x = d + a[2], *o = g + a[4];
  double* gx = g + a[2];
  const int64_t* m = a + 6;
  Running<Row<1>, double> mine(g), other(g);
  for (int64_t i = 0; i < n; ++i, m += 5, o += R) {
    const double ar = m[1] < 0 ? 0.0 : d[m[1]], br = m[3] < 0 ? 0.0 : d[m[3]];
    double ga = 0, gb = 0;
    for (int k = 0; k < R; ++k) {
      ga += o[k] * x[i * R + k];
      gb += o[k] * x[m[0] * R + k];
      gx[i * R + k] += ar * o[k];
      gx[m[0] * R + k] += br * o[k];
    }
    mine.add(m[1], ga);
    other.add(m[3], gb);
  }
}

// Whether rows are real and shorter than a vector.
inline bool narrow(const int64_t* a) { return a[1] < kLanes && a[5] < 0; }

template <int W>
inline void pair_forward(const int64_t* a, V<W>* d) {
  if constexpr (W == 1) {
    if (a[1] % kLanes == 0) return pair_forward<W, WideRow>(a, d);
    if (narrow(a)) return with_constant<kLanes - 1>(a[1], [&](auto r) { narrow_forward<r>(a, d); });
  }
  pair_forward<W, Row<W>>(a, d);
}
template <int W>
inline void pair_reverse(const int64_t* a, const V<W>* d, V<W>* g) {
  if constexpr (W == 1) {
    if (a[1] % kLanes == 0) return pair_reverse<W, WideRow>(a, d, g);
    if (narrow(a)) return with_constant<kLanes - 1>(a[1], [&](auto r) { narrow_reverse<r>(a, d, g); });
  }
  pair_reverse<W, Row<W>>(a, d, g);
}

}  // namespace qrnn
