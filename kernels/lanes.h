// Vectors of lanes: a lane is one sequence. W = 1 is one number, for what all sequences share.
#pragma once

#include <cmath>
#include <cstdint>

namespace qrnn {

constexpr int kLanes = 8;

template <int W>
struct Lanes {
  typedef double Type __attribute__((vector_size(W * sizeof(double))));
};
template <>
struct Lanes<1> {
  typedef double Type;
};
template <int W>
using V = typename Lanes<W>::Type;

inline double total(double x) { return x; }
inline double total(V<kLanes> x) {
  // A fixed tree: the same bytes with every instruction set.
  return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

template <class F>
inline double each(double x, F f) {
  return f(x);
}
template <class F>
inline V<kLanes> each(V<kLanes> x, F f) {
  V<kLanes> y;
  for (int i = 0; i < kLanes; ++i) y[i] = f(x[i]);
  return y;
}

inline void sincos_of(double x, double& s, double& c) {
  s = std::sin(x);
  c = std::cos(x);
}

// Cody and Waite's reduction by π/2 in three parts, then the minimax polynomials of Cephes on
// [−π/4, π/4]; libm's functions where the argument is large or not finite.
inline void sincos_of(V<kLanes> x, V<kLanes>& s, V<kLanes>& c) {
  typedef int64_t I __attribute__((vector_size(kLanes * sizeof(int64_t))));
  bool large = false;
  for (int i = 0; i < kLanes; ++i) large |= !(std::fabs(x[i]) < 1e5);
  if (large) {
    for (int i = 0; i < kLanes; ++i) {
      s[i] = std::sin(x[i]);
      c[i] = std::cos(x[i]);
    }
    return;
  }
  const double magic = 6755399441055744.0;  // 1.5·2^52: adding it rounds to a whole number
  V<kLanes> shifted = x * 0.63661977236758134308 + magic;
  I quarter = (I)shifted;
  V<kLanes> q = shifted - magic;
  V<kLanes> r = x - q * 1.57079625129699707031;
  r = r - q * 7.54978941586159635335e-8;
  r = r - q * 5.39030285815811905290e-15;
  V<kLanes> z = r * r;
  V<kLanes> sp = 1.58962301576546568060e-10 * z - 2.50507477628578072866e-8;
  sp = sp * z + 2.75573136213857245213e-6;
  sp = sp * z - 1.98412698295895385996e-4;
  sp = sp * z + 8.33333333332211858878e-3;
  sp = sp * z - 1.66666666666666307295e-1;
  sp = r + r * z * sp;
  V<kLanes> cp = -1.13585365213876817300e-11 * z + 2.08757008419747316778e-9;
  cp = cp * z - 2.75573141792967388112e-7;
  cp = cp * z + 2.48015872888517045348e-5;
  cp = cp * z - 1.38888888888730564116e-3;
  cp = cp * z + 4.16666666666665929218e-2;
  cp = 1.0 - 0.5 * z + z * z * cp;
  I odd = (quarter & 1) != 0;
  V<kLanes> a = odd ? cp : sp;
  V<kLanes> b = odd ? sp : cp;
  s = (quarter & 2) != 0 ? -a : a;
  c = ((quarter + 1) & 2) != 0 ? -b : b;
}

}  // namespace qrnn
