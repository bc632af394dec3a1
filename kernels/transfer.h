// The channel on small states as one real matrix: r ← R·(u ⊗ r), r the real and imaginary parts of
// ρ, u those of φφ†.
#pragma once

#include "superoperator.h"

namespace qrnn {

// W: vectors of a state.
template <int W>
class Transfer {
 public:
  static constexpr int64_t width = W * kLanes;  // numbers of a state

  explicit Transfer(const Channel& c)
      : c_(c),
        f_(coordinates(c.C, c.ket_complex)),
        m_(coordinates(c.H, c.complex_)),
        matrix_(c, f_, m_, width),
        mixed(f_.size() * width),
        made(width + c.reads.size()) {}

  // Numbers of one call: R transposed, (made, mixed), then R, (mixed, width).
  int64_t packed() const { return made * mixed + mixed * width; }
  int64_t state() const { return width; }
  int64_t kets() const { return c_.C; }
  int64_t reads() const { return c_.reads.size(); }
  int64_t sums() const { return made * mixed; }
  // Coordinates of φφ† and of ρ; a state's numbers are padded to whole vectors.
  int64_t ket_numbers() const { return f_.size(); }
  int64_t state_numbers() const { return m_.size(); }

  void pack(const double* fixed, double* out) const {
    std::memset(out, 0, packed() * sizeof(double));
    matrix_.pack(fixed, out);
    double* plain = out + made * mixed;
    for (int64_t w = 0; w < mixed; ++w)
      for (int64_t o = 0; o < width; ++o) plain[w * width + o] = out[o * mixed + w];
  }

  // Cotangents of `fixed` from those of R transposed.
  void unpack(const double* fixed, const double* sums, double* g) const { matrix_.unpack(fixed, sums, g); }

  // ρ, (2, H, H), from or to a state. T: a number, or one of every lane.
  template <class T>
  void enter(const T* rho, T* r) const {
    const int64_t H = c_.H;
    std::fill(r, r + width, T{});
    for (size_t m = 0; m < m_.size(); ++m)
      r[m] = rho[(m_[m].imaginary ? H * H : 0) + m_[m].row * H + m_[m].column];
  }
  template <class T>
  void leave(const T* r, T* rho) const {
    const int64_t H = c_.H;
    for (size_t m = 0; m < m_.size(); ++m) {
      const auto& q = m_[m];
      const int64_t shift = q.imaginary ? H * H : 0;
      rho[shift + q.row * H + q.column] = r[m];
      rho[shift + q.column * H + q.row] = q.imaginary ? -r[m] : r[m];
      if (c_.complex_ && q.row == q.column) rho[H * H + q.row * H + q.row] = T{};
    }
  }
  // Cotangents, of the Hermitian part.
  template <class T>
  void enter_cotangent(const T* g, T* r) const {
    const int64_t H = c_.H;
    std::fill(r, r + width, T{});
    for (size_t m = 0; m < m_.size(); ++m) {
      const auto& q = m_[m];
      const T* from = g + (q.imaginary ? H * H : 0);
      const T above = from[q.row * H + q.column], below = from[q.column * H + q.row];
      r[m] = q.row == q.column ? above : q.imaginary ? T(above - below) : T(above + below);
    }
  }
  template <class T>
  void leave_cotangent(const T* r, T* g) const {
    const int64_t H = c_.H;
    for (size_t m = 0; m < m_.size(); ++m) {
      const auto& q = m_[m];
      T* to = g + (q.imaginary ? H * H : 0);
      const bool diagonal = q.row == q.column;
      const T half = 0.5 * r[m];
      to[q.row * H + q.column] = diagonal ? r[m] : half;
      if (!diagonal) to[q.column * H + q.row] = q.imaginary ? T(-half) : half;
      if (c_.complex_ && diagonal) g[H * H + q.row * H + q.row] = T{};
    }
  }

  // The coordinates u of φφ†, and from their cotangents those of φ.
  template <class T>
  void weigh(const T* ket, T* u) const {
    const T *re = ket, *im = ket + c_.C;
    for (size_t f = 0; f < f_.size(); ++f) {
      const auto& q = f_[f];
      u[f] = q.imaginary ? im[q.row] * re[q.column] - re[q.row] * im[q.column]
                         : re[q.row] * re[q.column] + im[q.row] * im[q.column];
    }
  }
  template <class T>
  void unweigh(const T* ket, const T* du, T* d_ket) const {
    const T *re = ket, *im = ket + c_.C;
    T *gre = d_ket, *gim = d_ket + c_.C;
    std::fill(d_ket, d_ket + 2 * c_.C, T{});
    for (size_t f = 0; f < f_.size(); ++f) {
      const auto& q = f_[f];
      const T g = du[f];
      const int64_t i = q.row, j = q.column;
      if (q.imaginary) {
        gim[i] += g * re[j];
        gre[j] += g * im[i];
        gre[i] -= g * im[j];
        gim[j] -= g * re[i];
      } else {
        gre[i] += g * re[j];
        gre[j] += g * re[i];
        gim[i] += g * im[j];
        gim[j] += g * im[i];
      }
    }
  }

  // Sequences [0, n) of one block. `trail`: their states, (n, T, width); `kets`: (n, T, 2·C).
  // `counts`: how many steps each has.
  void forward(const double* packed, int64_t n, int64_t T, const int64_t* counts, const double* kets,
               const double* initial, double* trail, double* reads, double* last) const {
    const double *reader = packed + width * mixed, *R = packed + made * mixed;
    const int64_t S = c_.reads.size(), F = f_.size(), rho = c_.H * c_.H * (c_.complex_ ? 2 : 1);
    std::vector<double> u(F);
    Arena<double> rs(n * width), ws(n * mixed);
    double *r = rs.get(), *w = ws.get();
    for (int64_t b = 0; b < n; ++b) enter(initial + b * rho, r + b * width);
    for (int64_t t = 0; t < T; ++t) {
      for (int64_t b = 0; b < n; ++b) {
        const double* rb = r + b * width;
        moved(rb, trail + (b * T + t) * width);
        mix(kets + (b * T + t) * 2 * c_.C, rb, u.data(), w + b * mixed);
        for (int64_t s = 0; s < S; ++s) reads[(b * T + t) * S + s] = dot(mixed, w + b * mixed, reader + s * mixed);
      }
      multiply<false, false, 1, 1, false>(n, width, mixed, {w, nullptr, mixed, 1}, {R, nullptr, width},
                                          {r, nullptr, width});
      for (int64_t b = 0; b < n; ++b)
        if (t >= counts[b]) {
          moved(trail + (b * T + t) * width, r + b * width);
          std::fill_n(reads + (b * T + t) * S, S, 0.0);
        }
    }
    for (int64_t b = 0; b < n; ++b) leave(r + b * width, last + b * rho);
  }

  // `d_reads`: (n, T, reads). Gives cotangents of kets and the initial state, adds those of R.
  void reverse(const double* packed, int64_t n, int64_t T, const int64_t* counts, const double* kets,
               const double* trail, const double* d_reads, const double* d_last, double* d_kets, double* d_initial,
               double* sums) const {
    const int64_t S = c_.reads.size(), F = f_.size(), rho = c_.H * c_.H * (c_.complex_ ? 2 : 1);
    const int64_t chunk = std::max<int64_t>(1, 64 / n);
    std::vector<double> u(F), du(F);
    Arena<double> gs(n * width), wbars(n * mixed), ws(chunk * n * mixed), os(chunk * n * made);
    double *g = gs.get(), *wbar = wbars.get(), *w = ws.get(), *o = os.get();
    for (int64_t b = 0; b < n; ++b) enter_cotangent(d_last + b * rho, g + b * width);
    for (int64_t end = T; end > 0; end -= std::min(end, chunk)) {
      const int64_t start = std::max<int64_t>(0, end - chunk);
      for (int64_t t = end; t-- > start;) {
        double *wt = w + (t - start) * n * mixed, *ot = o + (t - start) * n * made;
        for (int64_t b = 0; b < n; ++b) {
          if (t >= counts[b]) {
            std::fill_n(ot + b * made, made, 0.0);
            continue;
          }
          moved(g + b * width, ot + b * made);
          for (int64_t s = 0; s < S; ++s) ot[b * made + width + s] = d_reads[(b * T + t) * S + s];
        }
        multiply<false, false, 1, 1, false>(n, mixed, made, {ot, nullptr, made, 1}, {packed, nullptr, mixed},
                                            {wbar, nullptr, mixed});
        for (int64_t b = 0; b < n; ++b) {
          const double *r = trail + (b * T + t) * width, *ket = kets + (b * T + t) * 2 * c_.C;
          const double* wb = wbar + b * mixed;
          mix(ket, r, u.data(), wt + b * mixed);
          if (t >= counts[b]) {
            std::fill_n(d_kets + (b * T + t) * 2 * c_.C, 2 * c_.C, 0.0);
            continue;
          }
          for (int64_t f = 0; f < F; ++f) du[f] = dot(width, wb + f * width, r);
          for (int64_t m = 0; m < width; m += kLanes) {
            Vec sum = {};
            for (int64_t f = 0; f < F; ++f) sum += u[f] * loaded(wb + f * width + m);
            stored(g + b * width + m, sum);
          }
          unweigh(ket, du.data(), d_kets + (b * T + t) * 2 * c_.C);
        }
      }
      multiply<false, false, 1, 1, true>(made, mixed, (end - start) * n, {o, nullptr, 1, made},
                                         {w, nullptr, mixed}, {sums, nullptr, mixed});
    }
    for (int64_t b = 0; b < n; ++b) leave_cotangent(g + b * width, d_initial + b * rho);
  }

 private:
  static void moved(const double* from, double* to) {
    for (int64_t m = 0; m < width; m += kLanes) stored(to + m, loaded(from + m));
  }

  // u ⊗ r, and u.
  void mix(const double* ket, const double* r, double* u, double* w) const {
    weigh(ket, u);
    for (size_t f = 0; f < f_.size(); ++f)
      for (int64_t m = 0; m < width; m += kLanes) stored(w + f * width + m, u[f] * loaded(r + m));
  }

  const Channel& c_;
  std::vector<Coordinate> f_, m_;
  Superoperator matrix_;

 public:
  const int64_t mixed;  // numbers of u ⊗ r
  const int64_t made;   // a state and the reads
};

}  // namespace qrnn
