// Running a program forwards and backwards.
#pragma once

#include "chain.h"
#include "columns.h"
#include "contract.h"
#include "lanes.h"
#include "pair.h"
#include "program.h"
#include "shared.h"

namespace qrnn {

enum Function : int64_t {
  kSigmoid = 0,
  kTanh = 1,
  kExp = 2,
  kSqrtPositive = 3,
  kRelu = 4,
  kAtan = 5,
  kPossible = 6,  // 0, or NaN where the number is negative
  kCertain = 7,   // 0, or NaN where the number is
  kBit = 8,       // 0 or 1, NaN where the number is not
  kRate = 9,      // within [0, 1], NaN where the number is not
  kRoot = 10,     // as the language has it, and the five below: NaN outside the domain
  kLog = 11,
  kAsin = 12,
  kAcos = 13,
  kAbs = 14,
  kSoftplus = 15,
};

constexpr double kRounding = 1e-9;
// How far outside its domain an argument may lie and still count as the edge.
constexpr double kEdge = 256 * 2.220446049250313e-16;

inline double bit_of(double a) {
  const double near = std::nearbyint(a);
  return std::fabs(a - near) <= kRounding && std::fabs(near - 0.5) < 1 ? near : std::nan("");
}
inline double rate_of(double a) {
  if (!(a >= -kRounding && a <= 1 + kRounding)) return std::nan("");
  return std::min(std::max(a, 0.0), 1.0);
}
inline double root_of(double a) { return a > 0 ? std::sqrt(a) : a >= -kEdge ? 0.0 : std::nan(""); }
inline double log_of(double a) { return a > 0 ? std::log(a) : std::nan(""); }
inline double arc_of(double a) { return std::fabs(a) <= 1 + kEdge ? std::min(std::max(a, -1.0), 1.0) : std::nan(""); }
// 1/√(1 − a²), 0 at the ends, where it is infinite.
inline double arc_slope(double a) { return std::fabs(a) < 1 ? 1 / std::sqrt((1 - a) * (1 + a)) : 0.0; }
inline double sigmoid_of(double a) { return a < 0 ? std::exp(a) / (1 + std::exp(a)) : 1 / (1 + std::exp(-a)); }

template <int W>
inline V<W> value_of(int64_t f, V<W> x) {
  switch (f) {
    case kSigmoid:
      return each(x, sigmoid_of);
    case kTanh:
      return each(x, [](double a) { return std::tanh(a); });
    case kExp:
      return each(x, [](double a) { return std::exp(a); });
    case kSqrtPositive:
      return each(x, [](double a) { return std::sqrt(a); });
    case kRelu:
      return each(x, [](double a) { return a > 0 ? a : 0.0; });
    case kPossible:
      return each(x, [](double a) { return a < 0 ? std::nan("") : 0.0; });
    case kCertain:
      return each(x, [](double a) { return std::isnan(a) ? a : 0.0; });
    case kBit:
      return each(x, bit_of);
    case kRate:
      return each(x, rate_of);
    case kRoot:
      return each(x, root_of);
    case kLog:
      return each(x, log_of);
    case kAsin:
      return each(x, [](double a) { return std::asin(arc_of(a)); });
    case kAcos:
      return each(x, [](double a) { return std::acos(arc_of(a)); });
    case kAbs:
      return each(x, [](double a) { return std::fabs(a); });
    case kSoftplus:
      return each(x, [](double a) { return std::max(a, 0.0) + std::log1p(std::exp(-std::fabs(a))); });
    default:
      return each(x, [](double a) { return std::atan(a); });
  }
}

// The derivative at x, where the function is y.
template <int W>
inline V<W> slope_of(int64_t f, V<W> x, V<W> y) {
  switch (f) {
    case kSigmoid:
      return y * (1.0 - y);
    case kTanh:
      return 1.0 - y * y;
    case kExp:
      return y;
    case kSqrtPositive:
      return 0.5 / y;
    case kRelu:
      return each(x, [](double a) { return a > 0 ? 1.0 : 0.0; });
    case kPossible:
    case kCertain:
    case kBit:
      return V<W>{};
    case kRate:
      return each(x, [](double a) { return a >= 0 && a <= 1 ? 1.0 : 0.0; });
    case kRoot:
      return each(y, [](double a) { return a > 0 ? 0.5 / a : 0.0; });
    case kLog:
      return each(x, [](double a) { return a > 0 ? 1 / a : 0.0; });
    case kAsin:
      return each(x, arc_slope);
    case kAcos:
      return each(x, [](double a) { return -arc_slope(a); });
    case kAbs:
      return each(x, [](double a) { return double(a > 0) - double(a < 0); });
    case kSoftplus:
      return each(x, sigmoid_of);
    default:
      return 1.0 / (1.0 + x * x);
  }
}

// Cosines, then sines, of entries.
template <int W>
inline void turn(int64_t n, const int64_t* from, const V<W>* d, V<W>* out) {
  int64_t i = 0;
  if constexpr (W == 1)
    for (; i + kNative <= n; i += kNative) {
      Wide x, s, c;
      for (int k = 0; k < kNative; ++k) x[k] = d[from[i + k]];
      sincos_of(x, s, c);
      put(out + i, c);
      put(out + n + i, s);
    }
  for (; i < n; ++i) sincos_of(d[from[i]], out[n + i], out[i]);
}

// Code of one instruction: op, length, then what the cases below read.
template <int W>
void forward(const Program& p, V<W>* d, const double* fixed, int64_t from = 0, int64_t to = -1) {
  const int64_t* c = p.code.data() + from;
  const int64_t* end = p.code.data() + (to < 0 ? int64_t(p.code.size()) : to);
  for (; c < end; c += c[1]) {
    const int64_t* a = c + 2;
    switch (c[0]) {
      case kLinear: {
        const int64_t n = a[0], *ptr = a + 3, *index = ptr + n + 1;
        const double* w = p.numbers.data() + a[2];
        V<W>* out = d + a[1];
        for (int64_t i = 0; i < n; ++i) {
          V<W> sum = {};
          for (int64_t k = ptr[i]; k < ptr[i + 1]; ++k) sum += w[k] * d[index[k]];
          out[i] = sum;
        }
        break;
      }
      case kBilinear: {
        const int64_t n = a[0], *ptr = a + 3, *index = ptr + n + 1;
        const double* w = p.numbers.data() + a[2];
        V<W>* out = d + a[1];
        for (int64_t i = 0; i < n; ++i) {
          V<W> sum = {};
          for (int64_t k = ptr[i]; k < ptr[i + 1]; ++k)
            sum += w[k] * d[index[2 * k]] * d[index[2 * k + 1]];
          out[i] = sum;
        }
        break;
      }
      case kTurn:
        turn<W>(a[0], a + 2, d, d + a[1]);
        break;
      case kUnary: {
        const int64_t n = a[0];
        for (int64_t i = 0; i < n; ++i) d[a[1] + i] = value_of<W>(a[2], d[a[3 + i]]);
        break;
      }
      case kDivide: {
        const int64_t n = a[0];
        for (int64_t i = 0; i < n; ++i) d[a[1] + i] = d[a[2 + 2 * i]] / d[a[3 + 2 * i]];
        break;
      }
      case kPair:
        pair_forward<W>(a, d);
        break;
      case kContract:
        contract_forward<W>(*reinterpret_cast<const Contract*>(a), d, fixed);
        break;
      case kChain:
        if constexpr (W == kLanes) chain_forward(*reinterpret_cast<const Chain*>(a), d);
        else columns_forward(*reinterpret_cast<const Chain*>(a), d);
        break;
      case kShared:
        if constexpr (W == kLanes) shared_forward(*reinterpret_cast<const Shared*>(a), d, fixed);
        break;
    }
  }
}

// `g`: cotangents of the arena, those of the program's results given; `sums`: of matrices in `fixed`.
// Only code from `from` to `to`.
template <int W>
void reverse(const Program& p, const std::vector<int64_t>& starts, const V<W>* d, V<W>* g,
             const double* fixed, double* sums, int64_t from = 0, int64_t to = -1) {
  for (size_t which = starts.size(); which-- > 0 && starts[which] >= from;) {
    if (to >= 0 && starts[which] >= to) continue;
    const int64_t* c = p.code.data() + starts[which];
    const int64_t* a = c + 2;
    switch (c[0]) {
      case kLinear: {
        const int64_t n = a[0], *ptr = a + 3, *index = ptr + n + 1;
        const double* w = p.numbers.data() + a[2];
        const V<W>* out = g + a[1];
        for (int64_t i = 0; i < n; ++i)
          for (int64_t k = ptr[i]; k < ptr[i + 1]; ++k) g[index[k]] += w[k] * out[i];
        break;
      }
      case kBilinear: {
        const int64_t n = a[0], *ptr = a + 3, *index = ptr + n + 1;
        const double* w = p.numbers.data() + a[2];
        const V<W>* out = g + a[1];
        Running<Row<W>, V<W>> left(g), right(g);
        for (int64_t i = 0; i < n; ++i)
          for (int64_t k = ptr[i]; k < ptr[i + 1]; ++k) {
            const V<W> o = w[k] * out[i];
            left.add(index[2 * k], o * d[index[2 * k + 1]]);
            right.add(index[2 * k + 1], o * d[index[2 * k]]);
          }
        break;
      }
      case kTurn: {
        const int64_t n = a[0], out = a[1];
        for (int64_t i = 0; i < n; ++i)
          g[a[2 + i]] += g[out + n + i] * d[out + i] - g[out + i] * d[out + n + i];
        break;
      }
      case kUnary: {
        const int64_t n = a[0], out = a[1];
        for (int64_t i = 0; i < n; ++i)
          g[a[3 + i]] += g[out + i] * slope_of<W>(a[2], d[a[3 + i]], d[out + i]);
        break;
      }
      case kDivide: {
        const int64_t n = a[0], out = a[1];
        for (int64_t i = 0; i < n; ++i) {
          const V<W> q = g[out + i] / d[a[3 + 2 * i]];
          g[a[2 + 2 * i]] += q;
          g[a[3 + 2 * i]] -= q * d[out + i];
        }
        break;
      }
      case kPair:
        pair_reverse<W>(a, d, g);
        break;
      case kContract:
        contract_reverse<W>(*reinterpret_cast<const Contract*>(a), d, g, fixed, sums);
        break;
      case kChain:
        if constexpr (W == kLanes) chain_reverse(*reinterpret_cast<const Chain*>(a), d, g);
        else columns_reverse(*reinterpret_cast<const Chain*>(a), d, g);
        break;
      case kShared:
        if constexpr (W == kLanes) shared_reverse(*reinterpret_cast<const Shared*>(a), d, g, fixed, sums);
        break;
    }
  }
}

inline std::vector<int64_t> starts_of(const Program& p) {
  std::vector<int64_t> found;
  for (size_t at = 0; at < p.code.size(); at += p.code[at + 1]) found.push_back(at);
  return found;
}

}  // namespace qrnn
