// The channel on small states as one real matrix, a sequence in each lane: r ← R·(u ⊗ r).
#pragma once

#include "transfer.h"

namespace qrnn {

// A matrix of numbers: entry (i, (f, m)) at i·row + f·far + m·near.
struct Spaced {
  const double* at;
  int64_t row, far, near;
};

// out[i] = Σ_f Σ_m a[i, (f, m)]·w[f·M + m] for R rows.
template <int R>
__attribute__((noinline)) void rows_of(Spaced a, int64_t F, int64_t M, const Vec* w, Vec* out) {
  Vec sum[R] = {};
  for (int64_t f = 0; f < F; ++f, a.at += a.far) {
    const double* at = a.at;
    for (int64_t m = 0; m < M; ++m, at += a.near, ++w) {
      const Vec x = *w;
      unrolled<R>([&](auto i) __attribute__((always_inline)) { sum[i] += at[i * a.row] * x; });
    }
  }
  unrolled<R>([&](auto i) __attribute__((always_inline)) { out[i] = sum[i]; });
}

// What the reverse of a coordinate of φφ† works with: cotangents of the next state and of the reads, the
// state, the coordinate u; `g` takes the state's cotangent.
struct Pulled {
  int64_t M, S;
  const Vec *made, *r, *u;
  Vec *g, *du;
};

// R columns of R, transposed: `states` the entries of next states, `reads` those of reads, rows `row` apart.
template <int R>
__attribute__((noinline)) void pulled(const double* states, const double* reads, int64_t row, const Pulled& p) {
  Vec bar[R] = {};
  const Vec* o = p.made;
  for (int64_t i = 0; i < p.M; ++i, states += row, ++o)
    unrolled<R>([&](auto n) __attribute__((always_inline)) { bar[n] += states[n] * *o; });
  for (int64_t i = 0; i < p.S; ++i, reads += row, ++o)
    unrolled<R>([&](auto n) __attribute__((always_inline)) { bar[n] += reads[n] * *o; });
  Vec sum = *p.du;
  const Vec u = *p.u;
  unrolled<R>([&](auto n) __attribute__((always_inline)) {
    sum += bar[n] * p.r[n];
    p.g[n] += u * bar[n];
  });
  *p.du = sum;
}

// Sums and operands that fit into the registers: rows at once, and columns and rows of a block of sums.
constexpr int kRowsAtOnce = kNative == 8 ? 12 : 6, kSquare = kNative == 8 ? 4 : 2, kTall = kNative == 8 ? 6 : 2;

// Any number of rows, in parts of about one size.
inline void product_of(int64_t rows, Spaced a, int64_t F, int64_t M, const Vec* w, Vec* out) {
  for (int64_t parts = (rows + kRowsAtOnce - 1) / kRowsAtOnce; parts > 0; --parts) {
    const int64_t count = (rows + parts - 1) / parts;
    with_constant<kRowsAtOnce>(count, [&](auto r) { rows_of<r>(a, F, M, w, out); });
    a.at += count * a.row;
    out += count;
    rows -= count;
  }
}

// Any number of columns, in parts of about one size.
inline void pull(int64_t columns, const double* states, const double* reads, int64_t row, Pulled p) {
  for (int64_t parts = (columns + kRowsAtOnce - 1) / kRowsAtOnce; parts > 0; --parts) {
    const int64_t count = (columns + parts - 1) / parts;
    with_constant<kRowsAtOnce>(count, [&](auto r) { pulled<r>(states, reads, row, p); });
    states += count;
    reads += count;
    p.r += count;
    p.g += count;
    columns -= count;
  }
}

// found[i][j] = Σ_t Σ_lanes o[t, i]·w[t, j] for R rows, and for kSquare columns of w, side by side.
template <int R>
inline void outer_sums(int64_t count, const Vec* o, int64_t step, const Vec* w, double (*found)[kSquare]) {
  Vec sum[R * kSquare] = {};
  for (int64_t t = 0; t < count; ++t, o += step, w += kSquare) {
    Vec x[kSquare];
    unrolled<kSquare>([&](auto j) __attribute__((always_inline)) {
      x[j] = w[j];
      held(x[j]);
    });
    unrolled<R>([&](auto i) __attribute__((always_inline)) {
      Vec y = o[i];
      held(y);
      unrolled<kSquare>([&](auto j) __attribute__((always_inline)) { sum[i * kSquare + j] += y * x[j]; });
    });
  }
  unrolled<R>([&](auto i) __attribute__((always_inline)) { totals(sum + i * kSquare, found[i]); });
}

template <int W>
class LaneTransfer {
 public:
  explicit LaneTransfer(const Channel& c)
      : form_(c),
        F_(form_.ket_numbers()),
        M_(form_.state_numbers()),
        S_(c.reads.size()),
        columns_((F_ * M_ + kSquare - 1) / kSquare),
        chunk_(std::clamp<int64_t>(98304 / (F_ * M_ * kLanes * 8), 4, 64)) {}

  int64_t state() const { return M_; }
  int64_t room() const { return form_.width; }
  int64_t reads() const { return S_; }

  template <class T>
  void enter(const T* rho, T* r) const { form_.enter(rho, r); }
  template <class T>
  void leave(const T* r, T* rho) const { form_.leave(r, rho); }
  template <class T>
  void enter_cotangent(const T* g, T* r) const { form_.enter_cotangent(g, r); }
  template <class T>
  void leave_cotangent(const T* r, T* g) const { form_.leave_cotangent(r, g); }

  // What a sweep works with. The cotangents of R are summed for `chunk_` steps at once.
  struct Space {
    explicit Space(const LaneTransfer& c)
        : u(c.F_), du(c.F_), w(c.F_ * c.M_), made(c.chunk_ * (c.M_ + c.S_)),
          mixed(c.columns_ * c.chunk_ * kSquare) {
      // Numbers that the last columns lack.
      if (c.F_ * c.M_ % kSquare) std::fill_n(mixed.get() + (c.columns_ - 1) * c.chunk_ * kSquare, c.chunk_ * kSquare, Vec{});
    }
    Arena<Vec> u, du, w, made, mixed;
    int64_t steps = 0;
  };

  void forward(const double* packed, const Vec* ket, const Vec* r, Vec* next, Vec* reads, Space& s) const {
    Vec *u = s.u.get(), *w = s.w.get();
    form_.weigh(ket, u);
    for (int64_t f = 0; f < F_; ++f)
      for (int64_t m = 0; m < M_; ++m) w[f * M_ + m] = u[f] * r[m];
    product_of(M_, {packed, form_.mixed, form_.width, 1}, F_, M_, w, next);
    product_of(S_, {packed + form_.width * form_.mixed, form_.mixed, form_.width, 1}, F_, M_, w, reads);
  }

  // `g`: the cotangent of the next state, then of `r`.
  void reverse(const double* packed, const Vec* ket, const Vec* r, const Vec* d_reads, Vec* g, Vec* d_ket, double* sums,
               Space& s) const {
    if (s.steps == chunk_) collect(sums, s);
    Vec *u = s.u.get(), *du = s.du.get(), *made = s.made.get() + s.steps * (M_ + S_);
    std::copy_n(g, M_, made);
    std::copy_n(d_reads, S_, made + M_);
    form_.weigh(ket, u);
    Vec* to = s.mixed.get() + s.steps * kSquare;
    int64_t k = 0;
    for (int64_t f = 0; f < F_; ++f)
      for (int64_t m = 0; m < M_; ++m) {
        to[k] = u[f] * r[m];
        if (++k == kSquare) to += chunk_ * kSquare, k = 0;
      }
    std::fill_n(g, M_, Vec{});
    std::fill_n(du, F_, Vec{});
    for (int64_t f = 0; f < F_; ++f) {
      const double* at = packed + f * form_.width;
      pull(M_, at, at + form_.width * form_.mixed, form_.mixed, {M_, S_, made, r, u + f, g, du + f});
    }
    form_.unweigh(ket, du, d_ket);
    ++s.steps;
  }

  // Adds the cotangents of R that are waiting.
  void collect(double* sums, Space& s) const {
    const int64_t rows = M_ + S_;
    double found[kTall][kSquare];
    for (int64_t k = 0; k < F_ * M_; k += kSquare)
      for (int64_t o = 0, parts = (rows + kTall - 1) / kTall, height; parts > 0; --parts, o += height) {
        height = (rows - o + parts - 1) / parts;
        const int64_t width = std::min<int64_t>(kSquare, F_ * M_ - k);
        with_constant<kTall>(height, [&](auto r) {
          outer_sums<r>(s.steps, s.made.get() + o, rows, s.mixed.get() + k * chunk_, found);
        });
        for (int64_t i = 0; i < height; ++i) {
          const int64_t row = o + i < M_ ? o + i : form_.width + o + i - M_;
          for (int64_t j = 0; j < width; ++j)
            sums[row * form_.mixed + (k + j) / M_ * form_.width + (k + j) % M_] += found[i][j];
        }
      }
    s.steps = 0;
  }

 private:
  Transfer<W> form_;
  int64_t F_, M_, S_, columns_, chunk_;
};

}  // namespace qrnn
