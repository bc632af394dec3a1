// Unitary gates in a row, in place on one state of lanes.
//
// Only the state in front of the gates and the one behind them have a place in the arena: on the way back each gate is
// undone by its inverse, so that a long run of gates works on two states that stay in the cache.
#pragma once

#include "dense.h"
#include "memory.h"
#include "program.h"

namespace qrnn {

// What follows: the gates. Each is its kind and the number of its groups; a group is the number of its members, whether
// its coefficients can differ from call to call, the entries of the coefficients, then the rows of the members.
struct Chain {
  int64_t rows, inner;  // of the state
  int64_t t_re, t_im, o_re, o_im;
  int64_t gates;
};

// A diagonal gate has groups of rows with one coefficient; another mixes rows i and j = other[i], with the coefficients
// of both: row i becomes a·(row i) + b·(row j), row j becomes c·(row j) + d·(row i).
enum GateKind : int64_t {
  kPhases = 0,
  kSigns = 1,    // the phases are real
  kGeneral = 2,
  kRealPair = 3,
  kTurned = 4,   // a and c real, b and d imaginary
};

// Lanes from `shift` on of an entry of an arena: of lanes, or of one number for all; and adding to it.
inline Wide lanes_of(const Vec& x, int64_t shift) { return wide(reinterpret_cast<const double*>(&x) + shift); }
inline Wide lanes_of(double x, int64_t) { return Wide{} + x; }
inline void add_lanes(Vec& to, const Wide& x, int64_t shift) {
  double* p = reinterpret_cast<double*>(&to) + shift;
  put(p, wide(p) + x);
}
inline void add_lanes(double& to, const Wide& x, int64_t) { to += total(x); }

// A number for each lane: its parts, those that are no zeros. E: entries of the arena.
template <bool RE, bool IM>
struct Factor {
  Wide re = {}, im = {};

  Factor() = default;
  template <class E>
  Factor(const E* d, const int64_t* at, int64_t shift) {
    if (RE && at[0] >= 0) re = lanes_of(d[at[0]], shift);
    if (IM && at[1] >= 0) im = lanes_of(d[at[1]], shift);
  }
  template <class E>
  void add_to(E* g, const int64_t* at, int64_t shift) const {
    if (RE && at[0] >= 0) add_lanes(g[at[0]], re, shift);
    if (IM && at[1] >= 0) add_lanes(g[at[1]], im, shift);
  }
};

// Amplitudes of one row; C: they are complex.
template <bool C>
struct Amplitude {
  Wide re = {}, im = {};
};

// A state's two planes.
template <bool C>
struct Planes {
  double *re, *im;

  Amplitude<C> at(int64_t place) const {
    Amplitude<C> x;
    x.re = wide(re + place);
    if constexpr (C) x.im = wide(im + place);
    return x;
  }
  void set(int64_t place, const Amplitude<C>& x) const {
    put(re + place, x.re);
    if constexpr (C) put(im + place, x.im);
  }
};

// sum += f·x, or conj(f)·x.
template <bool CONJ, bool C, bool RE, bool IM>
inline void add(Amplitude<C>& sum, const Factor<RE, IM>& f, const Amplitude<C>& x) {
  if constexpr (RE) {
    sum.re += f.re * x.re;
    if constexpr (C) sum.im += f.re * x.im;
  }
  if constexpr (IM && C) {
    if constexpr (CONJ) {
      sum.re += f.im * x.im;
      sum.im -= f.im * x.re;
    } else {
      sum.re -= f.im * x.im;
      sum.im += f.im * x.re;
    }
  }
}

// sum += g·conj(x): the cotangent of a factor.
template <bool C, bool RE, bool IM>
inline void add_cotangent(Factor<RE, IM>& sum, const Amplitude<C>& g, const Amplitude<C>& x) {
  if constexpr (RE) {
    sum.re += g.re * x.re;
    if constexpr (C) sum.re += g.im * x.im;
  }
  if constexpr (IM && C) sum.im += g.im * x.re - g.re * x.im;
}

// The gates of a kind; A: the parts of a and c, B: those of b and d.
template <bool C, bool ARE, bool AIM, bool BRE, bool BIM>
struct Mixing {
  using A = Factor<ARE, AIM>;
  using B = Factor<BRE, BIM>;

  template <class E>
  static void forward(const int64_t* group, const E* d, Planes<C> t, int64_t row) {
    const int64_t *at = group + 2, *rows = group + 10, *end = rows + 2 * group[0];
    for (int64_t shift = 0; shift < kLanes; shift += kNative) {
      const A a(d, at, shift), c(d, at + 4, shift);
      const B b(d, at + 2, shift), e(d, at + 6, shift);
      for (const int64_t* r = rows; r < end; r += 2)
        for (int64_t k = shift; k < row; k += kLanes) {
          const int64_t i = r[0] * row + k, j = r[1] * row + k;
          const Amplitude<C> x = t.at(i), y = t.at(j);
          Amplitude<C> u, v;
          add<false>(u, a, x);
          add<false>(u, b, y);
          add<false>(v, c, y);
          add<false>(v, e, x);
          t.set(i, u);
          t.set(j, v);
        }
    }
  }

  // `t`: the state behind the gate, then the one in front of it; so are its cotangents `s`.
  template <bool VARY, class E>
  static void reverse(const int64_t* group, const E* d, E* g, Planes<C> t, Planes<C> s, int64_t row) {
    const int64_t *at = group + 2, *rows = group + 10, *end = rows + 2 * group[0];
    for (int64_t shift = 0; shift < kLanes; shift += kNative) {
      const A a(d, at, shift), c(d, at + 4, shift);
      const B b(d, at + 2, shift), e(d, at + 6, shift);
      A ga, gc;
      B gb, ge;
      auto undone = [&](const Amplitude<C>& u, const Amplitude<C>& v, Amplitude<C>& x, Amplitude<C>& y) {
        add<true>(x, a, u);
        add<true>(x, e, v);
        add<true>(y, c, v);
        add<true>(y, b, u);
      };
      for (const int64_t* r = rows; r < end; r += 2)
        for (int64_t k = shift; k < row; k += kLanes) {
          const int64_t i = r[0] * row + k, j = r[1] * row + k;
          const Amplitude<C> gu = s.at(i), gv = s.at(j);
          Amplitude<C> x, y, gx, gy;
          undone(t.at(i), t.at(j), x, y);
          undone(gu, gv, gx, gy);
          if constexpr (VARY) {
            add_cotangent(ga, gu, x);
            add_cotangent(gb, gu, y);
            add_cotangent(gc, gv, y);
            add_cotangent(ge, gv, x);
          }
          t.set(i, x);
          t.set(j, y);
          s.set(i, gx);
          s.set(j, gy);
        }
      if constexpr (VARY) {
        ga.add_to(g, at, shift);
        gb.add_to(g, at + 2, shift);
        gc.add_to(g, at + 4, shift);
        ge.add_to(g, at + 6, shift);
      }
    }
  }

  static int64_t length(const int64_t* group) { return 10 + 2 * group[0]; }
};

template <bool C, bool IM>
struct Phases {
  using A = Factor<true, IM>;

  template <class E>
  static void forward(const int64_t* group, const E* d, Planes<C> t, int64_t row) {
    const int64_t *at = group + 2, *rows = group + 4, *end = rows + group[0];
    for (int64_t shift = 0; shift < kLanes; shift += kNative) {
      const A a(d, at, shift);
      for (const int64_t* r = rows; r < end; ++r)
        for (int64_t k = *r * row + shift; k < (*r + 1) * row; k += kLanes) {
          Amplitude<C> u;
          add<false>(u, a, t.at(k));
          t.set(k, u);
        }
    }
  }

  template <bool VARY, class E>
  static void reverse(const int64_t* group, const E* d, E* g, Planes<C> t, Planes<C> s, int64_t row) {
    const int64_t *at = group + 2, *rows = group + 4, *end = rows + group[0];
    for (int64_t shift = 0; shift < kLanes; shift += kNative) {
      const A a(d, at, shift);
      A ga;
      for (const int64_t* r = rows; r < end; ++r)
        for (int64_t k = *r * row + shift; k < (*r + 1) * row; k += kLanes) {
          const Amplitude<C> gu = s.at(k);
          Amplitude<C> x, gx;
          add<true>(x, a, t.at(k));
          add<true>(gx, a, gu);
          if constexpr (VARY) add_cotangent(ga, gu, x);
          t.set(k, x);
          s.set(k, gx);
        }
      if constexpr (VARY) ga.add_to(g, at, shift);
    }
  }

  static int64_t length(const int64_t* group) { return 4 + group[0]; }
};

// f with the type that works off gates of a kind.
template <bool C, class F>
inline void with_kind(int64_t kind, const F& f) {
  if constexpr (C) {
    if (kind == kPhases) return f(Phases<true, true>{});
    if (kind == kGeneral) return f(Mixing<true, true, true, true, true>{});
    if (kind == kTurned) return f(Mixing<true, true, false, false, true>{});
  }
  if (kind == kSigns) return f(Phases<C, false>{});
  f(Mixing<C, true, false, true, false>{});
}

// f(type, group) for all groups of a gate; the end of its code.
template <bool C, class F>
inline const int64_t* for_groups(const int64_t* gate, const F& f) {
  const int64_t groups = gate[1], *group = gate + 2;
  with_kind<C>(gate[0], [&](auto kind) {
    for (int64_t n = 0; n < groups; ++n, group += kind.length(group)) f(kind, group);
  });
  return group;
}

inline const int64_t* first_gate(const Chain& c) { return reinterpret_cast<const int64_t*>(&c + 1); }

// Undoes all gates on the state `t` and its cotangent `s`.
template <bool C, class E>
inline void back(const Chain& c, const E* d, E* g, Planes<C> t, Planes<C> s, int64_t row) {
  Arena<const int64_t*> gates(c.gates);
  const int64_t* gate = first_gate(c);
  for (int64_t n = 0; n < c.gates; ++n) {
    gates.get()[n] = gate;
    gate = for_groups<C>(gate, [](auto, const int64_t*) {});
  }
  for (int64_t n = c.gates; n-- > 0;)
    for_groups<C>(gates.get()[n], [&](auto kind, const int64_t* group) {
      if (group[1]) kind.template reverse<true>(group, d, g, t, s, row);
      else kind.template reverse<false>(group, d, g, t, s, row);
    });
}

template <bool C>
inline void run_chain(const Chain& c, Vec* d) {
  const int64_t row = c.inner * kLanes, size = c.rows * row * sizeof(double);
  auto plane = [&](int64_t at) { return reinterpret_cast<double*>(d + at); };
  const Planes<C> t = {plane(c.o_re), C ? plane(c.o_im) : nullptr};
  std::memcpy(t.re, plane(c.t_re), size);
  if constexpr (C) {
    if (c.t_im < 0) std::memset(t.im, 0, size);
    else std::memcpy(t.im, plane(c.t_im), size);
  }
  const int64_t* gate = first_gate(c);
  for (int64_t n = 0; n < c.gates; ++n)
    gate = for_groups<C>(gate, [&](auto kind, const int64_t* group) { kind.forward(group, d, t, row); });
}

template <bool C>
inline void run_chain_back(const Chain& c, const Vec* d, Vec* g) {
  const int64_t row = c.inner * kLanes, count = c.rows * row;
  Arena<double> scratch(count * (1 + C));
  const Planes<C> t = {scratch.get(), scratch.get() + (C ? count : 0)};
  std::memcpy(t.re, d + c.o_re, count * sizeof(double));
  if constexpr (C) std::memcpy(t.im, d + c.o_im, count * sizeof(double));
  const Planes<C> s = {reinterpret_cast<double*>(g + c.o_re), C ? reinterpret_cast<double*>(g + c.o_im) : nullptr};
  back<C>(c, d, g, t, s, row);
  for (int64_t i = 0; i < c.rows * c.inner; ++i) {
    g[c.t_re + i] += g[c.o_re + i];
    if (C && c.t_im >= 0) g[c.t_im + i] += g[c.o_im + i];
  }
}

inline void chain_forward(const Chain& c, Vec* d) { c.o_im < 0 ? run_chain<false>(c, d) : run_chain<true>(c, d); }
inline void chain_reverse(const Chain& c, const Vec* d, Vec* g) {
  c.o_im < 0 ? run_chain_back<false>(c, d, g) : run_chain_back<true>(c, d, g);
}

}  // namespace qrnn
