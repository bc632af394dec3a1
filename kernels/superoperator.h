// A channel as one real matrix R on the coordinates of ρ, for each coordinate of φφ†: from U, and cotangents back.
#pragma once

#include <cstring>
#include <vector>

#include "channel.h"
#include "memory.h"

namespace qrnn {

// A real coordinate of a Hermitian matrix: a diagonal entry, or a part of the entry above it.
struct Coordinate {
  int64_t row, column;
  bool imaginary;
};

inline std::vector<Coordinate> coordinates(int64_t n, bool complex_) {
  std::vector<Coordinate> found;
  for (int64_t i = 0; i < n; ++i) found.push_back({i, i, false});
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = i + 1; j < n; ++j) {
      found.push_back({i, j, false});
      if (complex_) found.push_back({i, j, true});
    }
  return found;
}

// Every row of R is the real or imaginary part of Z = Σ_p w_p·U[left_p]·U[right_p]†, summed over the places (x, y) that
// a coordinate of φφ† and one of ρ stand for.
class Superoperator {
 public:
  // A state's numbers are padded to `width`.
  Superoperator(const Channel& c, const std::vector<Coordinate>& f, const std::vector<Coordinate>& m, int64_t width)
      : c_(c),
        X_(c.C * c.H),
        row_((X_ + kLanes - 1) / kLanes * kLanes),
        rows_(c.A * c.H),
        mixed_(f.size() * width) {
    for (size_t i = 0; i < f.size(); ++i)
      for (size_t j = 0; j < m.size(); ++j) {
        real_.add(i * width + j, places(f[i], m[j], false));
        imaginary_.add(i * width + j, places(f[i], m[j], true));
      }
    for (int64_t o = 0; o < int64_t(m.size()); ++o) {
      if (!c.mask.empty() && !c.mask[m[o].row * c.H + m[o].column]) continue;
      if (m[o].imaginary) {  // its real part is the one before
        made_.back().imaginary = o;
        continue;
      }
      made_.push_back({o, -1, {}});
      for (int64_t a = 0; a < c.A; ++a) made_.back().pairs.push_back({0, a * c.H + m[o].row, a * c.H + m[o].column, 1, 0});
    }
    for (int64_t s = 0; s < int64_t(c.reads.size()); ++s) {
      made_.push_back({width + s, -1, {}});
      for (const auto& t : c.terms)
        if (t.read == s) made_.back().pairs.push_back(t);
    }
  }

  // R in rows of numbers that are zeros before.
  void pack(const double* fixed, double* R) const {
    Arena<double> us(2 * rows_ * row_), zs(2 * X_ * row_);
    double *u = us.get(), *z = zs.get();
    matrix(fixed, u);
    for (const auto& made : made_) {
      std::fill_n(z, 2 * X_ * row_, 0.0);
      for (const auto& p : made.pairs) add_pair(p, u, z);
      real_.taken(z, R + made.real * mixed_);
      if (made.imaginary >= 0) imaginary_.taken(z, R + made.imaginary * mixed_);
    }
  }

  // Cotangents of `fixed` from those of R.
  void unpack(const double* fixed, const double* R, double* g) const {
    const int64_t plane = rows_ * row_;
    Arena<double> us(2 * plane), gus(2 * plane), zs(2 * X_ * row_);
    double *u = us.get(), *gu = gus.get(), *z = zs.get();
    matrix(fixed, u);
    std::fill_n(gu, 2 * plane, 0.0);
    for (const auto& made : made_) {
      std::fill_n(z, 2 * X_ * row_, 0.0);
      real_.given(R + made.real * mixed_, z);
      if (made.imaginary >= 0) imaginary_.given(R + made.imaginary * mixed_, z);
      for (const auto& p : made.pairs) reverse_pair(p, u, z, gu);
    }
    for (int64_t r = 0; r < rows_; ++r)
      for (int64_t x = 0; x < X_; ++x) {
        const int64_t re = c_.u_re[r * X_ + x], im = c_.u_im[r * X_ + x];
        if (re >= 0) g[re] += gu[r * row_ + x];
        if (im >= 0) g[im] += gu[plane + r * row_ + x];
      }
  }

 private:
  // A number of Z, by its place in the two planes, and its sign.
  struct Place {
    int64_t at;
    double sign;
  };
  // A number of a row of R: the sum of N numbers of Z.
  template <int N>
  struct Sum {
    int64_t to;
    Place places[N];
  };
  // All numbers of a row, by how many they are sums of.
  struct Sums {
    std::vector<Sum<1>> one;
    std::vector<Sum<2>> two;
    std::vector<Sum<4>> four;

    void add(int64_t to, const std::vector<Place>& p) {
      if (p.size() == 1) one.push_back({to, {p[0]}});
      else if (p.size() == 2) two.push_back({to, {p[0], p[1]}});
      else four.push_back({to, {p[0], p[1], p[2], p[3]}});
    }
    void taken(const double* z, double* row) const {
      auto each = [&](const auto& sums) {
        for (const auto& sum : sums) {
          double found = 0;
          for (const auto& place : sum.places) found += place.sign * z[place.at];
          row[sum.to] = found;
        }
      };
      each(one), each(two), each(four);
    }
    void given(const double* row, double* z) const {
      auto each = [&](const auto& sums) {
        for (const auto& sum : sums)
          for (const auto& place : sum.places) z[place.at] += place.sign * row[sum.to];
      };
      each(one), each(two), each(four);
    }
  };
  // The rows of R that the parts of one Z go to; −1: none.
  struct Made {
    int64_t real, imaginary;
    std::vector<Term> pairs;
  };

  std::vector<Place> places(const Coordinate& f, const Coordinate& m, bool imaginary) const {
    std::vector<Place> found;
    for (int swap_f = 0; swap_f < (f.row == f.column ? 1 : 2); ++swap_f)
      for (int swap_m = 0; swap_m < (m.row == m.column ? 1 : 2); ++swap_m) {
        const int64_t x = (swap_f ? f.column : f.row) * c_.H + (swap_m ? m.column : m.row);
        const int64_t y = (swap_f ? f.row : f.column) * c_.H + (swap_m ? m.row : m.column);
        // A power of i, from the imaginary coordinates; swapped ones are conjugated.
        int power = (f.imaginary ? (swap_f ? 3 : 1) : 0) + (m.imaginary ? (swap_m ? 3 : 1) : 0);
        power %= 4;
        // Of i^power·(re + i·im), the part that is wanted.
        const bool of_im = imaginary != (power % 2 == 1);
        const bool negative = imaginary ? power >= 2 : power == 1 || power == 2;
        found.push_back({(of_im ? X_ * row_ : 0) + x * row_ + y, negative ? -1.0 : 1.0});
      }
    return found;
  }

  // U by rows, its real and its imaginary plane.
  void matrix(const double* fixed, double* u) const {
    std::fill_n(u, 2 * rows_ * row_, 0.0);
    for (int64_t r = 0; r < rows_; ++r)
      for (int64_t x = 0; x < X_; ++x) {
        const int64_t re = c_.u_re[r * X_ + x], im = c_.u_im[r * X_ + x];
        if (re >= 0) u[r * row_ + x] = fixed[re];
        if (im >= 0) u[(rows_ + r) * row_ + x] = fixed[im];
      }
  }

  // Z += w·U[left]·U[right]†.
  void add_pair(const Term& p, const double* u, double* z) const {
    const int64_t plane = rows_ * row_;
    const double *a = u + p.left * row_, *b = u + p.right * row_;
    for (int64_t y = 0; y < row_; y += kLanes) {
      const Vec br = loaded(b + y), bi = loaded(b + plane + y);
      for (int64_t x = 0; x < X_; ++x) {
        const double re = p.re * a[x] - p.im * a[plane + x], im = p.re * a[plane + x] + p.im * a[x];
        double *zr = z + x * row_ + y, *zi = zr + X_ * row_;
        stored(zr, loaded(zr) + re * br + im * bi);
        stored(zi, loaded(zi) + im * br - re * bi);
      }
    }
  }

  // With Z's cotangent z: ū[left] += w*·z·U[right], ū[right] += z†·w·U[left].
  void reverse_pair(const Term& p, const double* u, const double* z, double* gu) const {
    const int64_t plane = rows_ * row_;
    const double *a = u + p.left * row_, *b = u + p.right * row_;
    double *ga = gu + p.left * row_, *gb = gu + p.right * row_;
    for (int64_t y = 0; y < row_; y += kLanes) {
      const Vec br = loaded(b + y), bi = loaded(b + plane + y);
      Vec re_sum = {}, im_sum = {};
      for (int64_t x = 0; x < X_; ++x) {
        const double re = p.re * a[x] - p.im * a[plane + x], im = p.re * a[plane + x] + p.im * a[x];
        const Vec zr = loaded(z + x * row_ + y), zi = loaded(z + (X_ + x) * row_ + y);
        const double sr = total(zr * br - zi * bi), si = total(zr * bi + zi * br);
        re_sum += zr * re + zi * im;
        im_sum += zr * im - zi * re;
        ga[x] += sr * p.re + si * p.im;
        ga[plane + x] += si * p.re - sr * p.im;
      }
      stored(gb + y, loaded(gb + y) + re_sum);
      stored(gb + plane + y, loaded(gb + plane + y) + im_sum);
    }
  }

  const Channel& c_;
  int64_t X_, row_, rows_, mixed_;  // columns of U, the same padded, rows of U, numbers of a row of R
  Sums real_, imaginary_;
  std::vector<Made> made_;
};

}  // namespace qrnn
