// The channel by its Kraus operators, sequence by sequence: products of dense matrices.
#pragma once

#include "channel.h"
#include "memory.h"

namespace qrnn {

// UC: U and ρ are complex, KC: the kets are.
template <bool UC, bool KC>
class Kraus {
 public:
  explicit Kraus(const Channel& c)
      : c_(c),
        ld(c.H >= 32 ? c.H + kLanes : c.H),
        rows(c.A * c.H),
        plane(rows * ld + kLanes),
        square(c.H * ld),
        chunk(std::clamp<int64_t>(65536 / (plane * kPlanes * 8), 4, 16)) {
    for (const auto& t : c.terms) {
      identity_ &= t.left == t.right && t.im == 0;
      size_t at = 0;
      while (at < pairs_.size() && (pairs_[at].left != t.left || pairs_[at].right != t.right)) ++at;
      if (at == pairs_.size()) pairs_.push_back({t.left, t.right, {}});
      pairs_[at].terms.push_back(t);
    }
    if (!identity_) return;
    diagonal_.assign(c.reads.size() * rows, 0.0);
    for (const auto& t : c.terms) diagonal_[t.read * rows + t.left] += t.re;
  }

  // Numbers of one call: U by (c, row, k), then transposed by (c, a, k, i), in planes.
  int64_t packed() const { return 2 * kPlanes * c_.C * plane; }
  int64_t state() const { return kPlanes * square; }
  int64_t kets() const { return c_.C; }
  int64_t reads() const { return c_.reads.size(); }
  int64_t sums() const { return kPlanes * c_.C * plane; }
  // The weight of a row in a read, where reads are of the diagonal alone.
  double diagonal(int64_t read, int64_t row) const { return diagonal_[read * rows + row]; }

  // Zeros where planes in a row hold no number of K.
  void clear(double* planes, int64_t count) const {
    const int64_t kept = ld > c_.H ? 0 : rows * ld;
    for (int64_t n = 0; n < count; ++n) std::fill(planes + n * plane + kept, planes + (n + 1) * plane, 0.0);
  }

  void pack(const double* fixed, double* out) const {
    const int64_t H = c_.H, C = c_.C, half = kPlanes * C * plane;
    clear(out, 2 * kPlanes * C);
    for (int part = 0; part < kPlanes; ++part) {
      const int64_t* ids = (part ? c_.u_im : c_.u_re).data();
      double *to = out + part * C * plane, *across = to + half;
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t c = 0; c < C; ++c)
          for (int64_t k = 0; k < H; ++k, ++ids) {
            const double x = *ids < 0 ? 0.0 : fixed[*ids];
            to[c * plane + row * ld + k] = x;
            across[c * plane + (row / H * H + k) * ld + row % H] = x;
          }
    }
  }

  void unpack(const double*, const double* sums, double* g) const {
    const int64_t H = c_.H, C = c_.C;
    for (int part = 0; part < kPlanes; ++part) {
      const int64_t* ids = (part ? c_.u_im : c_.u_re).data();
      const double* from = sums + part * C * plane;
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t c = 0; c < C; ++c)
          for (int64_t k = 0; k < H; ++k, ++ids)
            if (*ids >= 0) g[*ids] += 2 * from[c * plane + row * ld + k];
    }
  }

  // Adds the cotangents of U, halved, from those of K and the kets of `count` samples.
  void summed(int64_t count, const double* kets, const double* bars, double* sums) const {
    const int64_t C = c_.C, step = kPlanes * plane;
    const Left ket = {kets, KC ? kets + C : nullptr, 1, 2 * C};
    const Rows<const double> bar = {bars, UC ? bars + plane : nullptr, step};
    multiply<KC, UC, -1, 1, true>(C, plane, count, ket, bar, {sums, UC ? sums + C * plane : nullptr, plane});
  }

  void forward(const double* packed, int64_t n, int64_t T, const int64_t* counts, const double* kets,
               const double* initial, double* trail, double* reads, double* last) const {
    const int64_t H = c_.H, S = c_.reads.size(), rho = kPlanes * H * H;
    Arena<double> ks(chunk * kPlanes * plane), ps(kPlanes * plane), states(state());
    Rows<double> p = planes(ps.get(), plane, ld), state = planes(states.get(), square, ld);
    std::memset(states.get(), 0, kPlanes * square * sizeof(double));
    const double* across = packed + kPlanes * c_.C * plane;
    for (int64_t b = 0; b < n; ++b) {
      enter(initial + b * rho, state);
      const int64_t count = counts[b];
      std::memset(reads + (b * T + count) * S, 0, (T - count) * S * sizeof(double));
      for (int64_t t = 0; t < count; ++t) {
        if (t % chunk == 0)
          operators(across, std::min(chunk, count - t), kets + (b * T + t) * 2 * c_.C, ks.get());
        // k, transposed: row (a, k) over i; p likewise: K_a·ρ.
        Rows<const double> k = constant(planes(ks.get() + (t % chunk) * kPlanes * plane, plane, ld));
        std::memcpy(trail + (b * T + t) * this->state(), states.get(), this->state() * sizeof(double));
        for (int64_t a = 0; a < c_.A; ++a)
          multiply<UC, UC, 1, 1, false>(H, H, H, {state.re, state.im, 1, ld}, from(k, a * H), from(p, a * H));
        read(k, p, reads + (b * T + t) * S);
        // Σ over blocks of operators keeps what is read in the cache.
        for (int64_t a = 0; a < c_.A; a += kBlock()) {
          const int64_t depth = std::min(kBlock(), c_.A - a) * H;
          const Rows<const double> q = constant(from(p, a * H));
          const Left left = {q.re, q.im, 1, ld};
          if (a == 0) multiply<UC, UC, 1, -1, false>(H, H, depth, left, from(k, a * H), state, H > 2 * kLanes);
          else multiply<UC, UC, 1, -1, true>(H, H, depth, left, from(k, a * H), state, H > 2 * kLanes);
        }
        close(state);
      }
      leave(constant(state), last + b * rho);
    }
  }

  void reverse(const double* packed, int64_t n, int64_t T, const int64_t* counts, const double* kets,
               const double* trail, const double* d_reads, const double* d_last, double* d_kets, double* d_initial,
               double* sums) const {
    const int64_t H = c_.H, S = c_.reads.size(), rho = kPlanes * H * H;
    Arena<double> ks(chunk * kPlanes * plane), bars(chunk * kPlanes * plane), qs(kPlanes * plane), gs(state());
    Rows<double> q = planes(qs.get(), plane, ld), g = planes(gs.get(), square, ld);
    std::memset(qs.get(), 0, kPlanes * plane * sizeof(double));
    clear(bars.get(), chunk * kPlanes);
    std::memset(gs.get(), 0, kPlanes * square * sizeof(double));
    for (int64_t b = 0; b < n; ++b) {
      enter_cotangent(d_last + b * rho, g);
      const int64_t count = counts[b], width = 2 * c_.C;
      std::memset(d_kets + (b * T + count) * width, 0, (T - count) * width * sizeof(double));
      for (int64_t end = count; end > 0; end -= std::min(end, chunk)) {
        const int64_t start = std::max<int64_t>(0, end - chunk);
        const double* ket = kets + (b * T + start) * 2 * c_.C;
        operators(packed, end - start, ket, ks.get());
        for (int64_t t = end; t-- > start;) {
          Rows<const double> k = constant(planes(ks.get() + (t - start) * kPlanes * plane, plane, ld));
          Rows<double> bar = planes(bars.get() + (t - start) * kPlanes * plane, plane, ld);
          const double* kept = trail + (b * T + t) * state();
          Rows<const double> before = {kept, UC ? kept + square : nullptr, ld};
          masked(g);
          // q = (g on the carried wires + the reads' operator)·K
          for (int64_t a = 0; a < c_.A; ++a)
            multiply<UC, UC, 1, 1, false>(H, H, H, {g.re, g.im, ld, 1}, from(k, a * H), from(q, a * H));
          observe(k, d_reads + (b * T + t) * S, q);
          const Rows<const double> made = constant(q);
          multiply<UC, UC, 1, 1, false>(rows, H, H, {q.re, q.im, ld, 1}, before, bar);
          for (int64_t a = 0; a < c_.A; a += kBlock()) {
            const int64_t depth = std::min(kBlock(), c_.A - a) * H;
            const Rows<const double> x = from(k, a * H);
            const Left left = {x.re, x.im, 1, ld};
            if (a == 0) multiply<UC, UC, -1, 1, false>(H, H, depth, left, from(made, a * H), g, H > 2 * kLanes);
            else multiply<UC, UC, -1, 1, true>(H, H, depth, left, from(made, a * H), g, H > 2 * kLanes);
          }
          close(g);
        }
        collect(packed, end - start, ket, bars.get(), sums, d_kets + (b * T + start) * 2 * c_.C);
      }
      leave(constant(g), d_initial + b * rho);
    }
  }

 private:
  static constexpr int kPlanes = UC ? 2 : 1;
  static constexpr int kMost = 8;  // reads that are summed at once

  // Terms of the reads with the same rows.
  struct Pair {
    int64_t left, right;
    std::vector<Term> terms;
  };

  int64_t kBlock() const { return std::max<int64_t>(1, 128 / c_.H); }

  template <class T>
  static Rows<T> planes(T* at, int64_t plane, int64_t row) {
    return {at, UC ? at + plane : nullptr, row};
  }
  static Rows<const double> constant(Rows<double> x) { return {x.re, x.im, x.row}; }
  template <class T>
  static Rows<T> from(Rows<T> x, int64_t row) {
    return {x.re + row * x.row, UC ? x.im + row * x.row : nullptr, x.row};
  }

  // K of `count` steps.
  void operators(const double* u, int64_t count, const double* kets, double* out) const {
    const Left ket = {kets, KC ? kets + c_.C : nullptr, 2 * c_.C, 1};
    const double* im = u + c_.C * plane;
    if constexpr (UC) {
      multiply<KC, true, 1, 1, false>(count, plane, c_.C, ket, {u, im, plane}, {out, out + plane, 2 * plane});
    } else {
      multiply<false, false, 1, 1, false>(count, plane, c_.C, ket, {u, nullptr, plane}, {out, nullptr, plane});
    }
  }

  // Cotangents of U and of the kets from those of K; half of them, as all of `bars` is.
  void collect(const double* u, int64_t count, const double* kets, const double* bars, double* sums,
               double* d_kets) const {
    const int64_t C = c_.C, step = kPlanes * plane;
    summed(count, kets, bars, sums);
    for (int64_t t = 0; t < count; ++t) {
      const double *re = bars + t * step, *im = re + plane;
      double* to = d_kets + t * 2 * C;
      for (int64_t c = 0; c < C; ++c) {
        const double *ur = u + c * plane, *ui = ur + C * plane;
        to[c] = 2 * (dot(plane, re, ur) + (UC ? dot(plane, im, ui) : 0.0));
        to[C + c] = KC ? 2 * (dot(plane, im, ur) - dot(plane, re, ui)) : 0.0;
      }
    }
  }

  // Reads from K and K·ρ, transposed.
  void read(Rows<const double> k, Rows<double> p, double* reads) const {
    const int64_t H = c_.H;
    std::fill(reads, reads + c_.reads.size(), 0.0);
    if (c_.terms.empty()) return;
    if (identity_) {
      Vec part[kMost] = {};
      const int64_t most = std::min<int64_t>(kMost, c_.reads.size());
      for (int64_t first = 0; first < int64_t(c_.reads.size()); first += most) {
        const int64_t count = std::min<int64_t>(most, c_.reads.size() - first);
        std::fill(part, part + count, Vec{});
        for (int64_t at = 0; at < rows; at += kLanes) {
          const int64_t x0 = at / H * H * ld + at % H;
          Vec sum = {};
          for (int64_t l = 0; l < H; ++l) {
            const int64_t x = x0 + l * ld;
            sum += loaded(p.re + x) * loaded(k.re + x);
            if (UC) sum += loaded(p.im + x) * loaded(k.im + x);
          }
          for (int64_t s = 0; s < count; ++s) part[s] += sum * loaded(&diagonal_[(first + s) * rows + at]);
        }
        for (int64_t s = 0; s < count; ++s) reads[first + s] = total(part[s]);
      }
      return;
    }
    for (const auto& t : c_.terms) {
      const int64_t x = t.left / H * H * ld + t.left % H, y = t.right / H * H * ld + t.right % H;
      double re = 0, im = 0;
      for (int64_t l = 0; l < H * ld; l += ld) {
        re += p.re[x + l] * k.re[y + l];
        if (UC) {
          re += p.im[x + l] * k.im[y + l];
          im += p.im[x + l] * k.re[y + l] - p.re[x + l] * k.im[y + l];
        }
      }
      reads[t.read] += t.re * re - t.im * im;
    }
  }

  // q[right] += conj(coefficient)·K[left]... for the operator Σ ȳ·O, Hermitian.
  void observe(Rows<const double> k, const double* d_reads, Rows<double> q) const {
    for (const auto& pair : pairs_) {
      double re = 0, im = 0;
      for (const auto& t : pair.terms) {
        re += d_reads[t.read] * t.re;
        im += d_reads[t.read] * t.im;
      }
      const int64_t x = pair.left * ld, y = pair.right * ld;
      for (int64_t l = 0; l < c_.H; l += kLanes) {
        Vec r = loaded(q.re + y + l) + re * loaded(k.re + x + l);
        if (UC) {
          const Vec kr = loaded(k.re + x + l), ki = loaded(k.im + x + l);
          r -= im * ki;
          stored(q.im + y + l, loaded(q.im + y + l) + re * ki + im * kr);
        }
        stored(q.re + y + l, r);
      }
    }
  }

  // The mask, and the upper triangle from the lower one.
  void close(Rows<double> x) const {
    const int64_t H = c_.H;
    if (H > 2 * kLanes)
      for (int64_t i = 0; i < H; ++i)
        for (int64_t j = i + 1; j < H; ++j) {
          x.re[i * ld + j] = x.re[j * ld + i];
          if (UC) x.im[i * ld + j] = -x.im[j * ld + i];
        }
    masked(x);
  }
  void masked(Rows<double> x) const {
    if (c_.mask.empty()) return;
    for (int64_t i = 0; i < c_.H; ++i)
      for (int64_t j = 0; j < c_.H; ++j)
        if (!c_.mask[i * c_.H + j]) {
          x.re[i * ld + j] = 0;
          if (UC) x.im[i * ld + j] = 0;
        }
  }

  void enter(const double* rho, Rows<double> x) const {
    const int64_t H = c_.H;
    for (int64_t i = 0; i < H; ++i) {
      std::memcpy(x.re + i * ld, rho + i * H, H * sizeof(double));
      if (UC) std::memcpy(x.im + i * ld, rho + H * H + i * H, H * sizeof(double));
    }
  }
  void leave(Rows<const double> x, double* rho) const {
    const int64_t H = c_.H;
    for (int64_t i = 0; i < H; ++i) {
      std::memcpy(rho + i * H, x.re + i * ld, H * sizeof(double));
      if (UC) std::memcpy(rho + H * H + i * H, x.im + i * ld, H * sizeof(double));
    }
  }
  void enter_cotangent(const double* g, Rows<double> x) const {
    const int64_t H = c_.H;
    for (int64_t i = 0; i < H; ++i)
      for (int64_t j = 0; j < H; ++j) {
        x.re[i * ld + j] = 0.5 * (g[i * H + j] + g[j * H + i]);
        if (UC) x.im[i * ld + j] = 0.5 * (g[H * H + i * H + j] - g[H * H + j * H + i]);
      }
  }

  const Channel& c_;
  bool identity_ = true;          // the reads are of the diagonal alone:
  std::vector<double> diagonal_;  // their coefficients (reads, rows)
  std::vector<Pair> pairs_;

 public:
  const int64_t ld;      // numbers from one row to the next
  const int64_t rows;    // of K
  const int64_t plane;   // numbers of K; zeros follow, so that planes do not lie a power of two apart in the cache
  const int64_t square;  // numbers of ρ
  const int64_t chunk;   // steps whose K are built together
};

}  // namespace qrnn
