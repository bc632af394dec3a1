// Vectors of lanes: a lane is one sequence. W = 1 is one number, for what all sequences share.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace qrnn {

constexpr int kLanes = 8;

// How many numbers a vector of the processor holds.
#if defined(__AVX512F__)
constexpr int kNative = 8;
#elif defined(__AVX__)
constexpr int kNative = 4;
#else
constexpr int kNative = 2;
#endif

template <int W>
struct Halves;

template <int W, bool fits = (W <= kNative)>
struct Lanes {
  typedef double Type __attribute__((vector_size(W * sizeof(double))));
};
template <int W>
struct Lanes<W, false> {
  typedef Halves<W> Type;
};
template <>
struct Lanes<1, true> {
  typedef double Type;
};
template <int W>
using V = typename Lanes<W>::Type;

// More lanes than a vector has, as vectors side by side: compilers do badly by themselves.
template <int W>
struct Halves {
  V<W / 2> lo, hi;

  double operator[](int i) const { return i < W / 2 ? lo[i] : hi[i - W / 2]; }
  double& operator[](int i) { return reinterpret_cast<double*>(this)[i]; }
  Halves operator-() const { return {-lo, -hi}; }
  Halves& operator+=(const Halves& x) { return lo += x.lo, hi += x.hi, *this; }
  Halves& operator-=(const Halves& x) { return lo -= x.lo, hi -= x.hi, *this; }

#define QRNN_OPERATOR(op)                                                                                   \
  friend inline Halves operator op(const Halves& a, const Halves& b) { return {a.lo op b.lo, a.hi op b.hi}; } \
  friend inline Halves operator op(const Halves& a, double b) { return {a.lo op b, a.hi op b}; }              \
  friend inline Halves operator op(double a, const Halves& b) { return {a op b.lo, a op b.hi}; }
  QRNN_OPERATOR(+)
  QRNN_OPERATOR(-)
  QRNN_OPERATOR(*)
  QRNN_OPERATOR(/)
#undef QRNN_OPERATOR
};

// The vector in a register from here on: compilers would rather read it from memory at each use.
template <class T>
__attribute__((always_inline)) inline void held([[maybe_unused]] T& x) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 64) __asm__("" : "+v"(x));
#elif defined(__AVX__)
  if constexpr (sizeof(T) == 32) __asm__("" : "+x"(x));
#endif
}

// The upper half of the lanes added to the lower one.
typedef double Eight __attribute__((vector_size(64)));
typedef double Four __attribute__((vector_size(32)));
typedef double Two __attribute__((vector_size(16)));
inline Four folded(Eight x) { return __builtin_shufflevector(x, x, 0, 1, 2, 3) + __builtin_shufflevector(x, x, 4, 5, 6, 7); }
inline Two folded(Four x) { return __builtin_shufflevector(x, x, 0, 1) + __builtin_shufflevector(x, x, 2, 3); }
template <int W>
inline V<W / 2> folded(const Halves<W>& x) {
  return x.lo + x.hi;
}

inline double total(double x) { return x; }
inline double total(Two x) { return x[0] + x[1]; }
inline double total(Four x) { return total(folded(x)); }
inline double total(V<kLanes> x) {
  // A fixed tree: the same bytes with every instruction set.
  const auto two = folded(folded(x));
  return two[0] + two[1];
}

// The totals of two or four vectors, by the same tree.
inline void totals(const V<kLanes>* x, double (&found)[2]) {
  const auto a = folded(folded(x[0])), b = folded(folded(x[1]));
  found[0] = a[0] + a[1];
  found[1] = b[0] + b[1];
}
inline void totals(const V<kLanes>* x, double (&found)[4]) {
#ifdef __AVX512F__
  const auto halves = [](Eight a, Eight b) {
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) + __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  };
  const Eight a = halves(x[0], x[1]), b = halves(x[2], x[3]);
  const Eight two = __builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13) + __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15);
  const Four sum = __builtin_shufflevector(two, two, 0, 2, 4, 6) + __builtin_shufflevector(two, two, 1, 3, 5, 7);
#else
  const auto a = folded(folded(x[0])), b = folded(folded(x[1])), c = folded(folded(x[2])), d = folded(folded(x[3]));
  const Four sum = __builtin_shufflevector(__builtin_shufflevector(a, b, 0, 2), __builtin_shufflevector(c, d, 0, 2), 0, 1, 2, 3) +
                   __builtin_shufflevector(__builtin_shufflevector(a, b, 1, 3), __builtin_shufflevector(c, d, 1, 3), 0, 1, 2, 3);
#endif
  std::memcpy(found, &sum, sizeof sum);
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
inline void sincos_of(V<kNative> x, V<kNative>& s, V<kNative>& c) {
  typedef int64_t I __attribute__((vector_size(kNative * sizeof(int64_t))));
  bool large = false;
  for (int i = 0; i < kNative; ++i) large |= !(std::fabs(x[i]) < 1e5);
  if (large) {
    for (int i = 0; i < kNative; ++i) {
      s[i] = std::sin(x[i]);
      c[i] = std::cos(x[i]);
    }
    return;
  }
  const double magic = 6755399441055744.0;  // 1.5·2^52: adding it rounds to a whole number
  V<kNative> shifted = x * 0.63661977236758134308 + magic;
  I quarter = (I)shifted;
  V<kNative> q = shifted - magic;
  V<kNative> r = x - q * 1.57079625129699707031;
  r = r - q * 7.54978941586159635335e-8;
  r = r - q * 5.39030285815811905290e-15;
  V<kNative> z = r * r;
  V<kNative> sp = 1.58962301576546568060e-10 * z - 2.50507477628578072866e-8;
  sp = sp * z + 2.75573136213857245213e-6;
  sp = sp * z - 1.98412698295895385996e-4;
  sp = sp * z + 8.33333333332211858878e-3;
  sp = sp * z - 1.66666666666666307295e-1;
  sp = r + r * z * sp;
  V<kNative> cp = -1.13585365213876817300e-11 * z + 2.08757008419747316778e-9;
  cp = cp * z - 2.75573141792967388112e-7;
  cp = cp * z + 2.48015872888517045348e-5;
  cp = cp * z - 1.38888888888730564116e-3;
  cp = cp * z + 4.16666666666665929218e-2;
  cp = 1.0 - 0.5 * z + z * z * cp;
  I odd = (quarter & 1) != 0;
  V<kNative> a = odd ? cp : sp;
  V<kNative> b = odd ? sp : cp;
  s = (quarter & 2) != 0 ? -a : a;
  c = ((quarter + 1) & 2) != 0 ? -b : b;
}

template <int W>
inline void sincos_of(const Halves<W>& x, Halves<W>& s, Halves<W>& c) {
  sincos_of(x.lo, s.lo, c.lo);
  sincos_of(x.hi, s.hi, c.hi);
}

}  // namespace qrnn
