// Products of small complex matrices, one for every lane.
#pragma once

#include "dense.h"

namespace qrnn {

// o[i, j, l] = Σ_k a[i, k, l]·b[k, j, l], `b` conjugated if `conj`; offsets and strides in entries.
// An imaginary part at −1 is zero. With `fixed`, `a` lies in the arena of one lane, and its
// cotangent at `sum_re` and `sum_im` of the sums.
struct Contract {
  int64_t I, J, K, L, fixed, conj;
  int64_t a_re, a_im, b_re, b_im, o_re, o_im;
  int64_t ai, ak, al, bk, bj, bl, oi, oj, ol;
  int64_t sum_re, sum_im;
};

// One side of a product: imaginary part, or none.
template <class T>
struct Side {
  const T* re;
  const T* im;
  int64_t outer, inner;  // strides: free index, contracted index
};

// o[i, j] (+)= Σ_k x[i, k]·y[k, j]; SX, SY: the sign of the imaginary part. The sums stay in registers.
template <int W, class X, bool XC, bool YC, int SX, int SY, int IB, int JB, bool ADD>
__attribute__((always_inline)) inline void block_inline(Side<X> x, Side<V<W>> y, int64_t K, V<W>* ore, V<W>* oim,
                                                        int64_t oi, int64_t oj) {
  constexpr bool C = XC || YC;
  V<W> re[IB * JB] = {}, im[C ? IB * JB : 1] = {};
  for (int64_t k = 0; k < K; ++k) {
    V<W> yr[JB], yi[YC ? JB : 1];
    unrolled<JB>([&](auto j) __attribute__((always_inline)) {
      yr[j] = y.re[j * y.outer];
      held(yr[j]);
      if constexpr (YC) {
        yi[j] = y.im[j * y.outer];
        held(yi[j]);
      }
    });
    unrolled<IB>([&](auto i) __attribute__((always_inline)) {
      const X xr = x.re[i * x.outer];
      unrolled<JB>([&](auto j) __attribute__((always_inline)) {
        constexpr int n = i * JB + j;
        re[n] += xr * yr[j];
        if constexpr (YC) im[n] = SY > 0 ? im[n] + xr * yi[j] : im[n] - xr * yi[j];
      });
      if constexpr (XC) {
        const X xi = x.im[i * x.outer];
        unrolled<JB>([&](auto j) __attribute__((always_inline)) {
          constexpr int n = i * JB + j;
          im[n] = SX > 0 ? im[n] + xi * yr[j] : im[n] - xi * yr[j];
          if constexpr (YC) re[n] = SX * SY > 0 ? re[n] - xi * yi[j] : re[n] + xi * yi[j];
        });
      }
    });
    x.re += x.inner;
    y.re += y.inner;
    if constexpr (XC) x.im += x.inner;
    if constexpr (YC) y.im += y.inner;
  }
  unrolled<IB * JB>([&](auto n) __attribute__((always_inline)) {
    const int64_t at = n / JB * oi + n % JB * oj;
    ore[at] = ADD ? ore[at] + re[n] : re[n];
    if constexpr (C)
      if (oim) oim[at] = ADD ? oim[at] + im[n] : im[n];
  });
}

// As a function of its own.
template <int W, class X, bool XC, bool YC, int SX, int SY, int IB, int JB, bool ADD>
void block(Side<X> x, Side<V<W>> y, int64_t K, V<W>* ore, V<W>* oim, int64_t oi, int64_t oj) {
  block_inline<W, X, XC, YC, SX, SY, IB, JB, ADD>(x, y, K, ore, oim, oi, oj);
}

template <int W, class X, bool XC, bool YC, int SX, int SY, bool ADD>
inline void product(Side<X> x, Side<V<W>> y, int64_t I, int64_t J, int64_t K, V<W>* ore, V<W>* oim,
                    int64_t oi, int64_t oj) {
  auto at = [&](auto body, int64_t i, int64_t j) {
    Side<X> xs = {x.re + i * x.outer, XC ? x.im + i * x.outer : nullptr, x.outer, x.inner};
    Side<V<W>> ys = {y.re + j * y.outer, YC ? y.im + j * y.outer : nullptr, y.outer, y.inner};
    body(xs, ys, K, ore + i * oi + j * oj, oim ? oim + i * oi + j * oj : nullptr, oi, oj);
  };
  int64_t i = 0;
  if (J == 1) {
    for (; i + 4 <= I; i += 4) at(block<W, X, XC, YC, SX, SY, 4, 1, ADD>, i, 0);
    for (; i < I; ++i) at(block<W, X, XC, YC, SX, SY, 1, 1, ADD>, i, 0);
    return;
  }
  for (; i + 2 <= I; i += 2) {
    int64_t j = 0;
    for (; j + 4 <= J; j += 4) at(block<W, X, XC, YC, SX, SY, 2, 4, ADD>, i, j);
    for (; j < J; ++j) at(block<W, X, XC, YC, SX, SY, 2, 1, ADD>, i, j);
  }
  for (; i < I; ++i)
    for (int64_t j = 0; j < J; ++j) at(block<W, X, XC, YC, SX, SY, 1, 1, ADD>, i, j);
}

template <int W, class X, int SX, int SY, bool ADD>
inline void product(Side<X> x, Side<V<W>> y, int64_t I, int64_t J, int64_t K, V<W>* ore, V<W>* oim,
                    int64_t oi, int64_t oj) {
  if (x.im && y.im) product<W, X, true, true, SX, SY, ADD>(x, y, I, J, K, ore, oim, oi, oj);
  else if (x.im) product<W, X, true, false, SX, 1, ADD>(x, y, I, J, K, ore, oim, oi, oj);
  else if (y.im) product<W, X, false, true, 1, SY, ADD>(x, y, I, J, K, ore, oim, oi, oj);
  else product<W, X, false, false, 1, 1, ADD>(x, y, I, J, K, ore, oim, oi, oj);
}

template <class T>
inline T* part(T* base, int64_t at, int64_t shift) {
  return at < 0 ? nullptr : base + at + shift;
}

template <int W>
inline void contract_forward(const Contract& c, V<W>* d, const double* fixed) {
  for (int64_t l = 0; l < c.L; ++l) {
    Side<V<W>> b = {part<const V<W>>(d, c.b_re, l * c.bl), part<const V<W>>(d, c.b_im, l * c.bl), c.bj, c.bk};
    V<W>*ore = d + c.o_re + l * c.ol, *oim = part(d, c.o_im, l * c.ol);
    if (c.fixed) {
      Side<double> a = {part(fixed, c.a_re, l * c.al), part(fixed, c.a_im, l * c.al), c.ai, c.ak};
      product<W, double, 1, 1, false>(a, b, c.I, c.J, c.K, ore, oim, c.oi, c.oj);
    } else {
      Side<V<W>> a = {part<const V<W>>(d, c.a_re, l * c.al), part<const V<W>>(d, c.a_im, l * c.al), c.ai, c.ak};
      if (c.conj) product<W, V<W>, 1, -1, false>(a, b, c.I, c.J, c.K, ore, oim, c.oi, c.oj);
      else product<W, V<W>, 1, 1, false>(a, b, c.I, c.J, c.K, ore, oim, c.oi, c.oj);
    }
  }
}

// The cotangent of a fixed matrix: a product summed over the lanes too.
template <int W>
inline void fixed_cotangent(const Contract& c, Side<V<W>> o, Side<V<W>> b, double* re, double* im) {
  for (int64_t i = 0; i < c.I; ++i)
    for (int64_t k = 0; k < c.K; ++k) {
      V<W> sr = {}, si = {};
      for (int64_t j = 0; j < c.J; ++j) {
        const int64_t x = i * c.oi + j * c.oj, y = k * c.bk + j * c.bj;
        sr += o.re[x] * b.re[y];
        if (o.im) {
          si += o.im[x] * b.re[y];
          if (b.im) {
            sr += o.im[x] * b.im[y];
            si -= o.re[x] * b.im[y];
          }
        } else if (b.im) {
          si -= o.re[x] * b.im[y];
        }
      }
      re[i * c.ai + k * c.ak] += total(sr);
      if (im) im[i * c.ai + k * c.ak] += total(si);
    }
}

// With g = ∂L/∂re + i·∂L/∂im: ḡ_a = ḡ_o·b*, ḡ_b = a*·ḡ_o; with `conj`, ḡ_a = ḡ_o·b, ḡ_b = a·ḡ_o*.
template <int W>
inline void contract_reverse(const Contract& c, const V<W>* d, V<W>* g, const double* fixed,
                             double* sums) {
  for (int64_t l = 0; l < c.L; ++l) {
    const V<W>*ore = g + c.o_re + l * c.ol, *oim = part<const V<W>>(g, c.o_im, l * c.ol);
    const V<W>*bre = d + c.b_re + l * c.bl, *bim = part<const V<W>>(d, c.b_im, l * c.bl);
    V<W>*gbr = g + c.b_re + l * c.bl, *gbi = part(g, c.b_im, l * c.bl);
    Side<V<W>> o = {ore, oim, c.oj, c.oi};
    if (c.fixed) {
      Side<double> a = {part(fixed, c.a_re, l * c.al), part(fixed, c.a_im, l * c.al), c.ak, c.ai};
      product<W, double, -1, 1, true>(a, o, c.K, c.J, c.I, gbr, gbi, c.bk, c.bj);
      fixed_cotangent<W>(c, o, {bre, bim, 0, 0}, sums + c.sum_re + l * c.al,
                         c.sum_im < 0 ? nullptr : sums + c.sum_im + l * c.al);
      continue;
    }
    Side<V<W>> a = {part<const V<W>>(d, c.a_re, l * c.al), part<const V<W>>(d, c.a_im, l * c.al), c.ak, c.ai};
    V<W>*gar = g + c.a_re + l * c.al, *gai = part(g, c.a_im, l * c.al);
    Side<V<W>> x = {ore, oim, c.oi, c.oj};
    Side<V<W>> b = {bre, bim, c.bk, c.bj};
    if (c.conj) {
      product<W, V<W>, 1, 1, true>(x, b, c.I, c.K, c.J, gar, gai, c.ai, c.ak);
      product<W, V<W>, 1, -1, true>(a, o, c.K, c.J, c.I, gbr, gbi, c.bk, c.bj);
    } else {
      product<W, V<W>, 1, -1, true>(x, b, c.I, c.K, c.J, gar, gai, c.ai, c.ak);
      product<W, V<W>, -1, 1, true>(a, o, c.K, c.J, c.I, gbr, gbi, c.bk, c.bj);
    }
  }
}

}  // namespace qrnn
