// Unitary gates in a row on a matrix that is computed once a call: its columns are in lanes, kLanes of them at a time.
#pragma once

#include "chain.h"

namespace qrnn {

// kLanes columns from `k` on of a matrix in an arena of one lane, to a block of their own; a plane at −1 is zero.
template <bool C>
inline void load_columns(const Chain& c, int64_t k, const double* d, int64_t re, int64_t im, Planes<C> to) {
  for (int64_t i = 0; i < c.rows; ++i) {
    const int64_t at = i * c.inner + k;
    stored(to.re + i * kLanes, loaded(d + re + at));
    if constexpr (C) stored(to.im + i * kLanes, im < 0 ? Vec{} : loaded(d + im + at));
  }
}

template <bool C>
inline void columns_forward(const Chain& c, double* d) {
  const int64_t size = c.rows * kLanes;
  Arena<double> scratch(2 * size);
  const Planes<C> t = {scratch.get(), C ? scratch.get() + size : nullptr};
  for (int64_t k = 0; k < c.inner; k += kLanes) {
    load_columns<C>(c, k, d, c.t_re, c.t_im, t);
    const int64_t* gate = first_gate(c);
    for (int64_t n = 0; n < c.gates; ++n)
      gate = for_groups<C>(gate, [&](auto kind, const int64_t* group) { kind.forward(group, d, t, kLanes); });
    for (int64_t i = 0; i < c.rows; ++i) {
      const int64_t at = i * c.inner + k;
      stored(d + c.o_re + at, loaded(t.re + i * kLanes));
      if constexpr (C) stored(d + c.o_im + at, loaded(t.im + i * kLanes));
    }
  }
}

// Cotangents of the gates' coefficients: the matrix in front of the gates is one of constants.
template <bool C>
inline void columns_reverse(const Chain& c, const double* d, double* g) {
  const int64_t size = c.rows * kLanes;
  Arena<double> scratch(4 * size);
  double* own = scratch.get();
  const Planes<C> t = {own, C ? own + size : nullptr}, s = {own + 2 * size, C ? own + 3 * size : nullptr};
  for (int64_t k = 0; k < c.inner; k += kLanes) {
    load_columns<C>(c, k, d, c.o_re, c.o_im, t);
    load_columns<C>(c, k, g, c.o_re, c.o_im, s);
    back<C>(c, d, g, t, s, kLanes);
  }
}

inline void columns_forward(const Chain& c, double* d) {
  c.o_im < 0 ? columns_forward<false>(c, d) : columns_forward<true>(c, d);
}
inline void columns_reverse(const Chain& c, const double* d, double* g) {
  c.o_im < 0 ? columns_reverse<false>(c, d, g) : columns_reverse<true>(c, d, g);
}

}  // namespace qrnn
