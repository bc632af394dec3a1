// The channel by its Kraus operators, a sequence in each lane: ρ ← Σ_a K_a ρ K_a†, one operator at a time,
// so that an operator and all products with it stay in the cache.
#pragma once

#include "contract.h"
#include "kraus.h"

namespace qrnn {

template <bool UC, bool KC>
class LaneKraus {
 public:
  explicit LaneKraus(const Channel& c) : c_(c), form_(c), S_(c.reads.size()) {}

  // Reads of off-diagonal entries need two operators at once; other sizes do not fit into the cache.
  static bool covers(const Channel& c) {
    bool diagonal = true;
    for (const auto& t : c.terms) diagonal &= t.left == t.right && t.im == 0;
    return diagonal && c.H == H;
  }

  // A state: the real parts of ρ, then the imaginary ones.
  int64_t state() const { return kPlanes * n_; }
  int64_t room() const { return kPlanes * n_; }
  int64_t reads() const { return S_; }

  void enter(const Vec* rho, Vec* r) const { std::copy_n(rho, state(), r); }
  void leave(const Vec* r, Vec* rho) const { std::copy_n(r, state(), rho); }
  void enter_cotangent(const Vec* g, Vec* r) const {
    for (int64_t i = 0; i < H; ++i)
      for (int64_t j = 0; j < H; ++j) {
        r[i * H + j] = 0.5 * (g[i * H + j] + g[j * H + i]);
        if (UC) r[n_ + i * H + j] = 0.5 * (g[n_ + i * H + j] - g[n_ + j * H + i]);
      }
  }
  void leave_cotangent(const Vec* r, Vec* g) const { std::copy_n(r, state(), g); }

  // `bars`: cotangents of all operators, sample by sample, and `kets`: theirs, until they are summed.
  struct Space {
    explicit Space(const LaneKraus& c)
        : k(c.state()), p(c.state()), bar(c.state()), before(c.state()),
          bars(kWaiting * kLanes * kPlanes * c.form_.plane), kets(kWaiting * kLanes * 2 * c.c_.C) {
      c.form_.clear(bars.get(), kWaiting * kLanes * kPlanes);
    }
    Arena<Vec> k, p, bar, before;
    Arena<double> bars, kets;
    int64_t steps = 0;
  };

  void forward(const double* packed, const Vec* ket, const Vec* r, Vec* next, Vec* reads, Space& s) const {
    Vec *k = s.k.get(), *p = s.p.get();
    std::fill_n(reads, S_, Vec{});
    std::fill_n(next, state(), Vec{});
    for (int64_t a = 0; a < c_.A; ++a) {
      operator_of(packed, a, ket, k);
      square<false, false, 1, 1, false>(k, r, p);
      for (int64_t i = 0; i < H && S_ > 0; ++i) {
        Vec sum = {};
        for (int64_t x = i * H; x < (i + 1) * H; ++x) {
          sum += p[x] * k[x];
          if (UC) sum += p[n_ + x] * k[n_ + x];
        }
        for (int64_t o = 0; o < S_; ++o) reads[o] += form_.diagonal(o, a * H + i) * sum;
      }
      square<false, true, 1, -1, true>(p, k, next);
    }
    close(next);
  }

  // `g`: the cotangent of the next state, then of `r`.
  void reverse(const double* packed, const Vec* ket, const Vec* r, const Vec* d_reads, Vec* g, Vec* d_ket, double* sums,
               Space& s) const {
    if (s.steps == kWaiting) collect(sums, s);
    const int64_t C = c_.C;
    Vec *k = s.k.get(), *q = s.p.get(), *bar = s.bar.get(), *before = s.before.get();
    const int64_t sample = kPlanes * form_.plane;
    double *bars = s.bars.get() + s.steps * kLanes * sample, *kets = s.kets.get() + s.steps * kLanes * 2 * C;
    for (int64_t lane = 0; lane < kLanes; ++lane)
      for (int64_t c = 0; c < 2 * C; ++c) kets[lane * 2 * C + c] = ket[c][lane];
    masked(g);
    std::fill_n(before, state(), Vec{});
    std::fill_n(d_ket, 2 * C, Vec{});
    for (int64_t a = 0; a < c_.A; ++a) {
      operator_of(packed, a, ket, k);
      // q = (g on the carried wires + the reads' operator)·K
      square<false, false, 1, 1, false>(g, k, q);
      for (int64_t i = 0; i < H && S_ > 0; ++i) {
        Vec weight = {};
        for (int64_t o = 0; o < S_; ++o) weight += form_.diagonal(o, a * H + i) * d_reads[o];
        for (int64_t x = i * H; x < (i + 1) * H; ++x) {
          q[x] += weight * k[x];
          if (UC) q[n_ + x] += weight * k[n_ + x];
        }
      }
      square<false, false, 1, 1, false>(q, r, bar);
      square<true, false, -1, 1, true>(k, q, before);
      ket_cotangent(packed, a, bar, d_ket);
      for (int part = 0; part < kPlanes; ++part)
        for (int64_t x = 0; x < n_; x += kLanes)
          transposed(bar + part * n_ + x, bars + part * form_.plane + a * n_ + x, sample);
    }
    for (int64_t c = 0; c < 2 * C; ++c) d_ket[c] = 2.0 * d_ket[c];
    close(before);
    std::copy_n(before, state(), g);
    ++s.steps;
  }

  // Adds the cotangents of U that are waiting.
  void collect(double* sums, Space& s) const {
    form_.summed(s.steps * kLanes, s.kets.get(), s.bars.get(), sums);
    s.steps = 0;
  }

 private:
  static constexpr int kPlanes = UC ? 2 : 1;
  static constexpr int64_t H = kLanes, n_ = H * H;  // of ρ: rows, numbers of a plane
  static constexpr int64_t kWaiting = 2;  // steps
  static constexpr int kKets = kNative == 8 ? 8 : 4;

  // K_a = Σ_c φ_c U_ca, four entries at a time.
  void operator_of(const double* packed, int64_t a, const Vec* ket, Vec* k) const {
    constexpr int N = 4;
    const int64_t C = c_.C, plane = form_.plane;
    for (int64_t x = 0; x < n_; x += N) {
      Vec re[N] = {}, im[N] = {};
      const double *ur = packed + a * n_ + x, *ui = ur + C * plane;
      for (int64_t c = 0; c < C; ++c, ur += plane, ui += plane) {
        const Vec fr = ket[c], fi = KC ? ket[C + c] : Vec{};
        unrolled<N>([&](auto i) __attribute__((always_inline)) {
          re[i] += ur[i] * fr;
          if constexpr (UC) im[i] += ui[i] * fr;
          if constexpr (UC && KC) re[i] -= ui[i] * fi;
          if constexpr (KC) im[i] += ur[i] * fi;
        });
      }
      unrolled<N>([&](auto i) __attribute__((always_inline)) {
        k[x + i] = re[i];
        if constexpr (UC) k[n_ + x + i] = im[i];
      });
    }
  }

  // φ̄_c += Σ conj(U_ca)·K̄_a, for a few entries of the ket at a time.
  void ket_cotangent(const double* packed, int64_t a, const Vec* bar, Vec* d_ket) const {
    const int64_t C = c_.C;
    int64_t c = 0;
    for (; c + kKets <= C; c += kKets) ket_part<kKets>(packed, a, c, bar, d_ket);
    for (; c + 2 <= C; c += 2) ket_part<2>(packed, a, c, bar, d_ket);
    for (; c < C; ++c) ket_part<1>(packed, a, c, bar, d_ket);
  }
  template <int N>
  void ket_part(const double* packed, int64_t a, int64_t c, const Vec* bar, Vec* d_ket) const {
    const int64_t C = c_.C, plane = form_.plane;
    const double *ur = packed + c * plane + a * n_, *ui = ur + C * plane;
    Vec re[N] = {}, im[N] = {};
    for (int64_t x = 0; x < n_; ++x) {
      const Vec br = bar[x], bi = UC ? bar[n_ + x] : Vec{};
      unrolled<N>([&](auto i) __attribute__((always_inline)) {
        const int64_t at = i * plane + x;
        re[i] += ur[at] * br;
        if constexpr (UC) re[i] += ui[at] * bi;
        if constexpr (UC && KC) im[i] += ur[at] * bi;
        if constexpr (UC && KC) im[i] -= ui[at] * br;
      });
    }
    unrolled<N>([&](auto i) __attribute__((always_inline)) {
      d_ket[c + i] += re[i];
      if constexpr (KC) d_ket[C + c + i] += im[i];
    });
  }

  // out = x·y, or out += x·y where that is Hermitian: then only blocks that touch the lower triangle. XT, YT: of the
  // transposed matrix; SX, SY −1: of the conjugated one.
  template <bool XT, bool YT, int SX, int SY, bool LOWER>
  static void square(const Vec* x, const Vec* y, Vec* out) {
    // One vector of the processor after the other, so that sums stay in its registers.
    constexpr int64_t kParts = kLanes / kNative, xo = XT ? 1 : H, yo = YT ? H : 1;
    constexpr int kWide = kNative == 8 ? 4 : 2;
    for (int64_t i = 0; i < H; i += 2)
      for (int64_t j = 0; j <= (LOWER ? i + 1 : H - 1); j += kWide)
        for (int64_t part = 0; part < kParts; ++part) {
          auto at = [&](const Vec* from, int64_t place) { return reinterpret_cast<const Wide*>(from + place) + part; };
          const Side<Wide> xs = {at(x, i * xo), UC ? at(x, n_ + i * xo) : nullptr, xo * kParts, (XT ? H : 1) * kParts};
          const Side<Wide> ys = {at(y, j * yo), UC ? at(y, n_ + j * yo) : nullptr, yo * kParts, (YT ? 1 : H) * kParts};
          Wide* to = reinterpret_cast<Wide*>(out + i * H + j) + part;
          block_inline<kNative, Wide, UC, UC, SX, SY, 2, kWide, LOWER>(xs, ys, H, to, UC ? to + n_ * kParts : nullptr,
                                                                       H * kParts, kParts);
        }
  }

  // The upper triangle from the lower one, and the mask.
  void close(Vec* x) const {
    for (int64_t i = 0; i < H; ++i)
      for (int64_t j = i + 1; j < H; ++j) {
        x[i * H + j] = x[j * H + i];
        if (UC) x[n_ + i * H + j] = -x[n_ + j * H + i];
      }
    masked(x);
  }
  void masked(Vec* x) const {
    for (int64_t i = 0; i < int64_t(c_.mask.size()); ++i)
      if (!c_.mask[i])
        for (int part = 0; part < kPlanes; ++part) x[part * n_ + i] = Vec{};
  }

  // Eight vectors of lanes as a row of eight numbers for each sample.
  static void transposed(const Vec* x, double* rows, int64_t step) {
#ifdef __AVX512F__
    // In three rounds, neighbours at distances 1, 2 and 4 exchange what is not on the diagonal.
    Vec a[8], b[8];
    unrolled<4>([&](auto i) __attribute__((always_inline)) {
      a[2 * i] = __builtin_shufflevector(x[2 * i], x[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
      a[2 * i + 1] = __builtin_shufflevector(x[2 * i], x[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    });
    unrolled<4>([&](auto i) __attribute__((always_inline)) {
      constexpr int at = i / 2 * 4 + i % 2;
      b[at] = __builtin_shufflevector(a[at], a[at + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      b[at + 2] = __builtin_shufflevector(a[at], a[at + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    });
    unrolled<4>([&](auto i) __attribute__((always_inline)) {
      stored(rows + i * step, __builtin_shufflevector(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11));
      stored(rows + (i + 4) * step, __builtin_shufflevector(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15));
    });
#else
    for (int lane = 0; lane < kLanes; ++lane)
      for (int i = 0; i < kLanes; ++i) rows[lane * step + i] = x[i][lane];
#endif
  }

  const Channel& c_;
  Kraus<UC, KC> form_;
  int64_t S_;
};

}  // namespace qrnn
