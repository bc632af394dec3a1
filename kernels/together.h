// A sweep in which only a channel is recurrent, kLanes sequences together: ket, channel and reads of a
// step stay in the lanes. The sequences that are left over are swept one by one.
#pragma once

#include <numeric>

#include "recurrent.h"

namespace qrnn {

// `Form` is the channel in lanes; see `lane_transfer.h`.
template <class Form>
class TogetherSweep : public Split {
 public:
  TogetherSweep(const Plan& p, std::shared_ptr<const Split> alone)
      : form_(p.channel), alone_(std::move(alone)), all_(p.carried) {
    std::iota(all_.begin(), all_.end(), 0);
  }

  int64_t packed() const override { return alone_->packed(); }
  int64_t sums() const override { return alone_->sums(); }
  void pack(const double* fixed, double* out) const override { alone_->pack(fixed, out); }
  void unpack(const double* fixed, const double* sums, double* g) const override { alone_->unpack(fixed, sums, g); }
  int64_t trailed(const Shape& s) const override {
    return groups(s) * s.steps * kept() * kLanes + alone_->trailed(left(s));
  }
  int64_t blocks(const Shape& s) const override { return groups(s) + alone_->blocks(left(s)); }

  void forward(const Ready& p, const Shape& s, int64_t block, const Forwards& f) const override {
    const int64_t taken = groups(s), first = taken * kLanes;
    if (block < taken) return forward_group(p, s, block, f);
    const int64_t made = p.outputs.size(), width = p.inputs.size();
    alone_->forward(p, left(s), block - taken,
                    {f.fixed, f.inputs + first * width, f.initial + first * p.carried, f.outputs + first * made,
                     f.last + first * p.carried, f.trail + taken * s.steps * kept() * kLanes, f.counts + first});
  }

  void reverse(const Ready& p, const Shape& s, int64_t block, const Backwards& b) const override {
    const int64_t taken = groups(s), first = taken * kLanes;
    if (block < taken) return reverse_group(p, s, block, b);
    const int64_t made = p.outputs.size(), width = p.inputs.size();
    alone_->reverse(p, left(s), block - taken,
                    {b.fixed, b.inputs + first * width, b.trail + taken * s.steps * kept() * kLanes,
                     b.d_outputs + first * made, b.d_last + first * p.carried, b.d_inputs + first * width,
                     b.d_initial + first * p.carried, b.sums, b.counts + first});
  }

 private:
  // Fewer sequences than these are quicker one by one.
  static constexpr int64_t kFew = 3;

  int64_t groups(const Shape& s) const { return s.batch / kLanes + (s.batch % kLanes >= kFew); }
  Shape left(const Shape& s) const {
    return {s.steps, std::max<int64_t>(s.batch - groups(s) * kLanes, 0), s.across};
  }
  // Vectors of a step in the trail: the state before it, and what was read.
  int64_t kept() const { return form_.state() + form_.reads(); }

  void ket_of(const Ready& p, const Vec* d, Vec* ket) const {
    const int64_t C = p.channel.C;
    for (int64_t c = 0; c < C; ++c) {
      const int64_t re = p.channel.ket_re[c], im = p.channel.ket_im[c];
      ket[c] = re < 0 ? Vec{} : d[re];
      ket[C + c] = im < 0 ? Vec{} : d[im];
    }
  }

  void forward_group(const Ready& p, const Shape& s, int64_t group, const Forwards& f) const {
    const int64_t C = p.channel.C, S = form_.reads(), M = form_.state();
    const Counts counts(s, group, f.counts);
    typename Form::Space space(form_);
    Arena<Vec> arena(p.step.entries), kets(2 * C), states(2 * form_.room()), rhos(p.carried), read(S);
    Vec *d = arena.get(), *ket = kets.get(), *r = states.get(), *next = r + form_.room(), *rho = rhos.get();
    const double* packed = f.fixed + p.fixed.entries;
    spread(p, f.fixed, d);
    gather(s, group, f.initial, all_, rho);
    form_.enter(rho, r);
    for (int64_t t = 0; t < s.steps; ++t) {
      double* kept_here = f.trail + (group * s.steps + t) * kept() * kLanes;
      for (int64_t i = 0; i < M; ++i) stored(kept_here + i * kLanes, r[i]);
      if (t < counts.longest) {
        gather(s, group, t, counts, f.inputs, p.inputs, d);
        qrnn::forward<kLanes>(p.step, d, f.fixed, 0, p.channel.cut);
        ket_of(p, d, ket);
        form_.forward(packed, ket, r, next, read.get(), space);
        for (int64_t i = 0; i < S; ++i) {
          d[p.channel.reads[i]] = read.get()[i];
          stored(kept_here + (M + i) * kLanes, read.get()[i]);
        }
        qrnn::forward<kLanes>(p.step, d, f.fixed, p.channel.cut);
      }
      scatter_outputs(s, group, t, counts, d, p.outputs, f.outputs);
      move(t, counts, M, next, r);
    }
    form_.leave(r, rho);
    scatter(s, group, rho, all_, f.last);
  }

  void reverse_group(const Ready& p, const Shape& s, int64_t group, const Backwards& b) const {
    const int64_t C = p.channel.C, S = form_.reads(), M = form_.state(), width = p.inputs.size(),
                  made = p.outputs.size(), shared = p.spread.size(), entries = p.step.entries;
    const Counts counts(s, group, b.counts);
    typename Form::Space space(form_);
    Arena<Vec> arena(entries), cotangents(entries), kets(4 * C), states(3 * form_.room()), rhos(p.carried), read(S);
    Vec *d = arena.get(), *g = cotangents.get(), *ket = kets.get(), *d_ket = ket + 2 * C, *r = states.get(),
        *d_next = r + form_.room(), *d_r = d_next + form_.room(), *rho = rhos.get();
    const double* packed = b.fixed + p.fixed.entries;
    double* sums = b.sums + p.sums + shared;
    spread(p, b.fixed, d);
    std::memset(static_cast<void*>(g), 0, entries * sizeof(Vec));
    for (int64_t i = 0; i < p.carried; ++i) rho[i] = Vec{};
    for (int lane = 0; lane < kLanes && group * kLanes + lane < s.batch; ++lane)
      for (int64_t i = 0; i < p.carried; ++i) rho[i][lane] = b.d_last[(group * kLanes + lane) * p.carried + i];
    form_.enter_cotangent(rho, d_next);
    for (int64_t t = s.steps; t-- > 0;) {
      if (t >= counts.longest) {
        scatter(s, group, t, counts, g, p.inputs, b.d_inputs + t * s.across * width);
        continue;
      }
      const double* kept_here = b.trail + (group * s.steps + t) * kept() * kLanes;
      for (int64_t i = 0; i < M; ++i) r[i] = loaded(kept_here + i * kLanes);
      for (int64_t i = 0; i < S; ++i) d[p.channel.reads[i]] = loaded(kept_here + (M + i) * kLanes);
      gather(s, group, t, counts, b.inputs, p.inputs, d);
      qrnn::forward<kLanes>(p.step, d, b.fixed);
      ket_of(p, d, ket);
      std::memset(static_cast<void*>(g + shared), 0, (entries - shared) * sizeof(Vec));
      gather_cotangents(s, group, t, counts, b.d_outputs + t * s.across * made, p.outputs, g);
      qrnn::reverse<kLanes>(p.step, p.step_starts, d, g, b.fixed, b.sums, p.channel.cut);
      for (int64_t i = 0; i < S; ++i) read.get()[i] = g[p.channel.reads[i]];
      // A sequence that has ended hands its cotangent on.
      std::copy_n(d_next, M, d_r);
      if (t >= counts.shortest)
        for (int lane = 0; lane < kLanes; ++lane)
          if (t >= counts.of[lane])
            for (int64_t i = 0; i < M; ++i) d_r[i][lane] = 0;
      form_.reverse(packed, ket, r, read.get(), d_r, d_ket, sums, space);
      move(t, counts, M, d_r, d_next);
      for (int64_t c = 0; c < C; ++c) {
        if (p.channel.ket_re[c] >= 0) g[p.channel.ket_re[c]] += d_ket[c];
        if (p.channel.ket_im[c] >= 0) g[p.channel.ket_im[c]] += d_ket[C + c];
      }
      qrnn::reverse<kLanes>(p.step, p.step_starts, d, g, b.fixed, b.sums, 0, p.channel.cut);
      scatter(s, group, t, counts, g, p.inputs, b.d_inputs + t * s.across * width);
    }
    form_.collect(sums, space);
    form_.leave_cotangent(d_next, rho);
    scatter(s, group, rho, all_, b.d_initial);
    for (int64_t k = 0; k < shared; ++k) b.sums[p.sums + k] += total(g[k]);
  }

  // The numbers of sequences that have a step t.
  static void move(int64_t t, const Counts& counts, int64_t n, const Vec* from, Vec* to) {
    if (t < counts.shortest) {
      std::copy_n(from, n, to);
      return;
    }
    for (int lane = 0; lane < kLanes; ++lane)
      if (t < counts.of[lane])
        for (int64_t i = 0; i < n; ++i) to[i][lane] = from[i][lane];
  }

  Form form_;
  std::shared_ptr<const Split> alone_;
  std::vector<int64_t> all_;  // the numbers of ρ, one after the other
};

}  // namespace qrnn
