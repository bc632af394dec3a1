// The sweep of a step of any form: kLanes sequences at a time, step by step.
#pragma once

#include "memory.h"
#include "plan.h"
#include "pool.h"

namespace qrnn {

inline void spread(const Ready& p, const double* fixed, Vec* d) {
  for (size_t k = 0; k < p.spread.size(); ++k) d[k] = Vec{} + fixed[p.spread[k]];
}

// How many steps the sequences of a group have; lanes past the last sequence repeat it.
struct Counts {
  int64_t of[kLanes], shortest, longest;

  Counts(const Shape& s, int64_t group, const int64_t* counts) {
    for (int lane = 0; lane < kLanes; ++lane) of[lane] = counts[std::min(group * kLanes + lane, s.batch - 1)];
    shortest = *std::min_element(of, of + kLanes);
    longest = *std::max_element(of, of + kLanes);
  }
};

// Whether every lane is a sequence that has step t.
inline bool whole(const Shape& s, int64_t group, int64_t t, const Counts& counts) {
  return (group + 1) * kLanes <= s.batch && t < counts.shortest;
}

// A number of each of kLanes rows that are `step` apart, from memory and to it.
inline Vec column(const double* first, int64_t step) {
  if (step == 1) return loaded(first);
  double x[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) x[lane] = first[lane * step];
  return loaded(x);
}
inline void column(const Vec& x, double* first, int64_t step) {
  if (step == 1) return stored(first, x);
  for (int lane = 0; lane < kLanes; ++lane) first[lane * step] = x[lane];
}

// Rows of numbers, one a sequence, to lanes; lanes past the last sequence repeat it.
inline void gather(const Shape& s, int64_t group, const double* rows, const std::vector<int64_t>& to, Vec* d) {
  const int64_t n = to.size();
  for (int lane = 0; lane < kLanes; ++lane) {
    const double* row = rows + std::min(group * kLanes + lane, s.batch - 1) * n;
    for (int64_t f = 0; f < n; ++f) d[to[f]][lane] = row[f];
  }
}

// Rows of step t, (steps, batch, …); a sequence that has ended repeats its last one, which is a number
// where padding may be none.
inline void gather(const Shape& s, int64_t group, int64_t t, const Counts& counts, const double* rows,
                   const std::vector<int64_t>& to, Vec* d) {
  const int64_t n = to.size();
  if (whole(s, group, t, counts)) {
    const double* first = rows + (t * s.batch + group * kLanes) * n;
    for (int64_t f = 0; f < n; ++f) d[to[f]] = column(first + f, n);
    return;
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    const int64_t step = std::max<int64_t>(std::min(t, counts.of[lane] - 1), 0);
    const double* row = rows + (step * s.batch + std::min(group * kLanes + lane, s.batch - 1)) * n;
    for (int64_t f = 0; f < n; ++f) d[to[f]][lane] = row[f];
  }
}

inline void scatter(const Shape& s, int64_t group, const Vec* d, const std::vector<int64_t>& from, double* rows) {
  const int64_t n = from.size();
  for (int lane = 0; lane < kLanes && group * kLanes + lane < s.batch; ++lane)
    for (int64_t f = 0; f < n; ++f) rows[(group * kLanes + lane) * n + f] = d[from[f]][lane];
}

// The same, 0 for sequences that have ended before step t.
inline void scatter(const Shape& s, int64_t group, int64_t t, const Counts& counts, const Vec* d,
                    const std::vector<int64_t>& from, double* rows) {
  const int64_t n = from.size();
  if (whole(s, group, t, counts)) {
    for (int64_t f = 0; f < n; ++f) column(d[from[f]], rows + group * kLanes * n + f, n);
    return;
  }
  for (int lane = 0; lane < kLanes && group * kLanes + lane < s.batch; ++lane)
    for (int64_t f = 0; f < n; ++f)
      rows[(group * kLanes + lane) * n + f] = t < counts.of[lane] ? d[from[f]][lane] : 0.0;
}

// Outputs, (steps, batch, …), at step t.
inline void scatter_outputs(const Shape& s, int64_t group, int64_t t, const Counts& counts, const Vec* d,
                            const std::vector<int64_t>& from, double* rows) {
  const int64_t n = from.size();
  if (whole(s, group, t, counts)) {
    for (int64_t f = 0; f < n; ++f) column(d[from[f]], rows + (t * s.batch + group * kLanes) * n + f, n);
    return;
  }
  for (int lane = 0; lane < kLanes && group * kLanes + lane < s.batch; ++lane) {
    const int64_t last = counts.of[lane] - 1;
    auto row = [&](int64_t step) { return rows + (step * s.batch + group * kLanes + lane) * n; };
    for (int64_t f = 0; f < n; ++f) row(t)[f] = t <= last ? d[from[f]][lane] : last < 0 ? 0.0 : row(last)[f];
  }
}

// Adds the cotangents of rows of step t; lanes past the last sequence and beyond its end have none.
inline void gather_cotangents(const Shape& s, int64_t group, int64_t t, const Counts& counts, const double* rows,
                              const std::vector<int64_t>& to, Vec* g) {
  const int64_t n = to.size();
  if (whole(s, group, t, counts)) {
    for (int64_t f = 0; f < n; ++f) g[to[f]] += column(rows + group * kLanes * n + f, n);
    return;
  }
  for (int lane = 0; lane < kLanes && group * kLanes + lane < s.batch; ++lane)
    if (t < counts.of[lane])
      for (int64_t f = 0; f < n; ++f) g[to[f]][lane] += rows[(group * kLanes + lane) * n + f];
}

inline void recurrent_forward(const Ready& p, const Shape& s, int64_t group, const Forwards& f) {
  const int64_t carried = p.carried, width = p.inputs.size(), made = p.outputs.size();
  const Counts counts(s, group, f.counts);
  Arena<Vec> arena(p.step.entries), moved(carried);
  Vec* d = arena.get();
  spread(p, f.fixed, d);
  gather(s, group, f.initial, p.state, d);
  for (int64_t t = 0; t < s.steps; ++t) {
    double* kept = f.trail + (group * s.steps + t) * carried * kLanes;
    for (int64_t i = 0; i < carried; ++i) stored(kept + i * kLanes, d[p.state[i]]);
    if (t < counts.longest) {
      gather(s, group, t, counts, f.inputs, p.inputs, d);
      forward<kLanes>(p.step, d, f.fixed);
    }
    scatter_outputs(s, group, t, counts, d, p.outputs, f.outputs);
    for (int64_t i = 0; i < carried; ++i) moved.get()[i] = d[p.next[i]];
    if (t < counts.shortest) {
      for (int64_t i = 0; i < carried; ++i) d[p.state[i]] = moved.get()[i];
    } else {
      for (int lane = 0; lane < kLanes; ++lane)
        if (t < counts.of[lane])
          for (int64_t i = 0; i < carried; ++i) d[p.state[i]][lane] = moved.get()[i][lane];
    }
  }
  scatter(s, group, d, p.state, f.last);
}

inline void recurrent_reverse(const Ready& p, const Shape& s, int64_t group, const Backwards& b) {
  const int64_t carried = p.carried, width = p.inputs.size(), made = p.outputs.size();
  const int64_t shared = p.spread.size(), entries = p.step.entries;
  const Counts counts(s, group, b.counts);
  Arena<Vec> arena(entries), cotangents(entries), moved_(carried);
  Vec *d = arena.get(), *g = cotangents.get(), *moved = moved_.get();
  spread(p, b.fixed, d);
  std::memset(static_cast<void*>(g), 0, entries * sizeof(Vec));
  for (int64_t i = 0; i < carried; ++i) moved[i] = Vec{};
  for (int lane = 0; lane < kLanes && group * kLanes + lane < s.batch; ++lane)
    for (int64_t i = 0; i < carried; ++i) moved[i][lane] = b.d_last[(group * kLanes + lane) * carried + i];
  for (int64_t t = s.steps; t-- > 0;) {
    if (t >= counts.longest) {
      scatter(s, group, t, counts, g, p.inputs, b.d_inputs + t * s.batch * width);
      continue;
    }
    const double* kept = b.trail + (group * s.steps + t) * carried * kLanes;
    for (int64_t i = 0; i < carried; ++i) d[p.state[i]] = loaded(kept + i * kLanes);
    gather(s, group, t, counts, b.inputs, p.inputs, d);
    forward<kLanes>(p.step, d, b.fixed);
    std::memset(static_cast<void*>(g + shared), 0, (entries - shared) * sizeof(Vec));
    if (t < counts.shortest) {
      for (int64_t i = 0; i < carried; ++i) g[p.next[i]] += moved[i];
    } else {
      for (int lane = 0; lane < kLanes; ++lane)
        if (t < counts.of[lane])
          for (int64_t i = 0; i < carried; ++i) g[p.next[i]][lane] += moved[i][lane];
    }
    gather_cotangents(s, group, t, counts, b.d_outputs + t * s.batch * made, p.outputs, g);
    reverse<kLanes>(p.step, p.step_starts, d, g, b.fixed, b.sums);
    scatter(s, group, t, counts, g, p.inputs, b.d_inputs + t * s.batch * width);
    if (t < counts.shortest) {
      for (int64_t i = 0; i < carried; ++i) moved[i] = g[p.state[i]];
    } else {
      for (int lane = 0; lane < kLanes; ++lane)
        if (t < counts.of[lane])
          for (int64_t i = 0; i < carried; ++i) moved[i][lane] = g[p.state[i]][lane];
    }
  }
  for (int64_t i = 0; i < carried; ++i) g[p.state[i]] = moved[i];
  scatter(s, group, g, p.state, b.d_initial);
  for (int64_t k = 0; k < shared; ++k) b.sums[p.sums + k] += total(g[k]);
}

}  // namespace qrnn
