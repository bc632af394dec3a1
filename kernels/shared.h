// Gates in pair form whose coefficients all sequences share: one number each, in the arena of one lane.
#pragma once

#include "dense.h"

namespace qrnn {

// What follows: the groups. Each is the number of its members, whether its coefficients can differ from call to call,
// then where the rows i and j of every member begin: row i becomes a·(row i) + b·(row j), row j becomes
// c·(row j) + e·(row i).
struct Shared {
  int64_t inner;  // entries of a row
  int64_t t_re, t_im, o_re, o_im;
  int64_t complex_, coefficients, sums;  // a, b, c, e of each group, and their cotangents; `coefficients` in `fixed`
  int64_t groups;
};

// S: the state is complex, K: the coefficients are; the result is complex if any is. L: entries of a row, 0: any number.
template <bool S, bool K, int L>
void shared_forward(const Shared& s, Vec* d, const double* fixed) {
  constexpr int64_t kParts = K ? 2 : 1;
  const int64_t inner = L ? L : s.inner;
  const Vec *t_re = d + s.t_re, *t_im = d + s.t_im;
  Vec *o_re = d + s.o_re, *o_im = d + s.o_im;
  const double* k = fixed + s.coefficients;
  const int64_t* group = &s.groups + 1;
  for (int64_t n = 0; n < s.groups; ++n, k += 4 * kParts) {
    const double a = k[0], b = k[kParts], c = k[2 * kParts], e = k[3 * kParts];
    const double ai = k[kParts - 1], bi = k[2 * kParts - 1], ci = k[3 * kParts - 1], ei = k[4 * kParts - 1];
    const int64_t *rows = group + 2, *end = rows + 2 * group[0];
    for (; rows < end; rows += 2)
      for (int64_t at = 0; at < inner; ++at) {
        const int64_t i = rows[0] + at, j = rows[1] + at;
        const Vec xr = t_re[i], yr = t_re[j];
        Vec ur = a * xr + b * yr, vr = c * yr + e * xr, um = {}, vm = {};
        if constexpr (S) {
          const Vec xi = t_im[i], yi = t_im[j];
          um += a * xi + b * yi;
          vm += c * yi + e * xi;
          if constexpr (K) {
            ur -= ai * xi + bi * yi;
            vr -= ci * yi + ei * xi;
          }
        }
        if constexpr (K) {
          um += ai * xr + bi * yr;
          vm += ci * yr + ei * xr;
        }
        o_re[i] = ur;
        o_re[j] = vr;
        if constexpr (S || K) {
          o_im[i] = um;
          o_im[j] = vm;
        }
      }
    group = end;
  }
}

template <bool S, bool K, int L>
void shared_reverse(const Shared& s, const Vec* d, Vec* g, const double* fixed, double* all_sums) {
  constexpr int64_t kParts = K ? 2 : 1;
  const int64_t inner = L ? L : s.inner;
  const Vec *t_re = d + s.t_re, *t_im = d + s.t_im, *u_re = g + s.o_re, *u_im = g + s.o_im;
  Vec *g_re = g + s.t_re, *g_im = g + s.t_im;
  // What a, b, c and e were multiplied by.
  auto add = [](Vec (&sum)[4], const Vec& u, const Vec& v, const Vec& x, const Vec& y) {
    sum[0] += u * x;
    sum[1] += u * y;
    sum[2] += v * y;
    sum[3] += v * x;
  };
  const double* k = fixed + s.coefficients;
  double* sums = all_sums + s.sums;
  const int64_t* group = &s.groups + 1;
  for (int64_t n = 0; n < s.groups; ++n, k += 4 * kParts, sums += 4 * kParts) {
    const double a = k[0], b = k[kParts], c = k[2 * kParts], e = k[3 * kParts];
    const double ai = k[kParts - 1], bi = k[2 * kParts - 1], ci = k[3 * kParts - 1], ei = k[4 * kParts - 1];
    const int64_t *rows = group + 2, *end = rows + 2 * group[0];
    const bool varies = group[1];
    Vec re[4] = {}, im[4] = {};
    for (; rows < end; rows += 2)
      for (int64_t at = 0; at < inner; ++at) {
        const int64_t i = rows[0] + at, j = rows[1] + at;
        const Vec ur = u_re[i], vr = u_re[j];
        Vec um = {}, vm = {};
        if constexpr (S || K) {
          um = u_im[i];
          vm = u_im[j];
        }
        Vec xr = a * ur + e * vr, yr = b * ur + c * vr;
        if constexpr (K) {
          xr += ai * um + ei * vm;
          yr += bi * um + ci * vm;
        }
        g_re[i] += xr;
        g_re[j] += yr;
        if constexpr (S) {
          Vec xi = a * um + e * vm, yi = b * um + c * vm;
          if constexpr (K) {
            xi -= ai * ur + ei * vr;
            yi -= bi * ur + ci * vr;
          }
          g_im[i] += xi;
          g_im[j] += yi;
        }
        if (!varies) continue;
        const Vec x = t_re[i], y = t_re[j];
        add(re, ur, vr, x, y);
        if constexpr (K) add(im, um, vm, x, y);
        if constexpr (S) {
          const Vec xm = t_im[i], ym = t_im[j];
          add(re, um, vm, xm, ym);
          if constexpr (K) add(im, -ur, -vr, xm, ym);
        }
      }
    group = end;
    if (!varies) continue;
    double found[4];
    totals(re, found);
    for (int64_t m = 0; m < 4; ++m) sums[m * kParts] += found[m];
    if constexpr (K) {
      totals(im, found);
      for (int64_t m = 0; m < 4; ++m) sums[m * kParts + 1] += found[m];
    }
  }
}

// f(whether the state is complex, whether the coefficients are, 1 or 0 for the entries of a row), as constants.
template <class F>
inline void shared_kind(const Shared& s, const F& f) {
  using std::false_type, std::true_type;
  auto rows = [&](auto state, auto coefficients) {
    if (s.inner == 1) f(state, coefficients, std::integral_constant<int, 1>{});
    else f(state, coefficients, std::integral_constant<int, 0>{});
  };
  if (s.t_im < 0) s.complex_ ? rows(false_type{}, true_type{}) : rows(false_type{}, false_type{});
  else s.complex_ ? rows(true_type{}, true_type{}) : rows(true_type{}, false_type{});
}

inline void shared_forward(const Shared& s, Vec* d, const double* fixed) {
  shared_kind(s, [&](auto state, auto coefficients, auto row) { shared_forward<state, coefficients, row>(s, d, fixed); });
}

inline void shared_reverse(const Shared& s, const Vec* d, Vec* g, const double* fixed, double* sums) {
  shared_kind(s, [&](auto state, auto coefficients, auto row) { shared_reverse<state, coefficients, row>(s, d, g, fixed, sums); });
}

}  // namespace qrnn
