// A sweep in which only a channel is recurrent: what comes before and after it is computed for kLanes
// samples, steps of sequences, at once.
#pragma once

#include "kraus.h"
#include "recurrent.h"
#include "transfer.h"

namespace qrnn {

template <class Form>
class SplitSweep : public Split {
 public:
  SplitSweep(const Plan& p, int64_t most) : form_(p.channel), most_(most) {
    const Channel& c = p.channel;
    plain_ = c.cut == int64_t(p.step.code.size());
    for (int64_t o : p.outputs) {
      const auto at = std::find(c.reads.begin(), c.reads.end(), o);
      direct_.push_back(at - c.reads.begin());
      plain_ &= at != c.reads.end();
    }
  }

  int64_t packed() const override { return form_.packed(); }
  int64_t sums() const override { return form_.sums(); }
  int64_t trailed(const Shape& s) const override {
    return s.steps * s.batch * (form_.state() + kets() + reads());
  }
  int64_t blocks(const Shape& s) const override { return (s.batch + most_ - 1) / most_; }
  void pack(const double* fixed, double* out) const override { form_.pack(fixed, out); }
  void unpack(const double* fixed, const double* sums, double* g) const override { form_.unpack(fixed, sums, g); }

  void forward(const Ready& p, const Shape& s, int64_t block, const Forwards& f) const override {
    const Block b = at(s, block);
    const int64_t made = p.outputs.size(), carried = p.carried;
    double *trail = f.trail + b.first * s.steps * form_.state(), *ket = kets_of(s, f.trail, b),
           *read = reads_of(s, f.trail, b);
    Arena<Vec> arena(p.step.entries);
    Vec* d = arena.get();
    spread(p, f.fixed, d);
    for (int64_t group = 0; group < b.groups; ++group) {
      inputs(p, s, b, group, f.counts, f.inputs, d);
      qrnn::forward<kLanes>(p.step, d, f.fixed, 0, p.channel.cut);
      for (int64_t c = 0; c < p.channel.C; ++c) {
        const int64_t re = p.channel.ket_re[c], im = p.channel.ket_im[c];
        for (int lane = 0; lane < kLanes && group * kLanes + lane < b.samples; ++lane) {
          double* to = ket + (group * kLanes + lane) * kets();
          to[c] = re < 0 ? 0.0 : d[re][lane];
          to[p.channel.C + c] = im < 0 ? 0.0 : d[im][lane];
        }
      }
    }
    form_.forward(f.fixed + p.fixed.entries, b.count, s.steps, f.counts + b.first, ket, f.initial + b.first * carried, trail, read,
                  f.last + b.first * carried);
    if (plain_) {
      for (int64_t i = 0; i < b.samples; ++i) {
        const double* from = read + last(s, b, f.counts, i) * reads();
        for (int64_t o = 0; o < made; ++o) f.outputs[row(s, b, i) * made + o] = from[direct_[o]];
      }
      return;
    }
    for (int64_t group = 0; group < b.groups; ++group) {
      again(p, s, b, group, f.fixed, f.counts, f.inputs, read, d);
      for (int lane = 0; lane < kLanes && group * kLanes + lane < b.samples; ++lane) {
        const int64_t i = group * kLanes + lane;
        const double* before = f.outputs + row(s, b, last(s, b, f.counts, i)) * made;
        for (int64_t o = 0; o < made; ++o)
          f.outputs[row(s, b, i) * made + o] = there(s, b, f.counts, i) ? d[p.outputs[o]][lane]
                                               : f.counts[b.first + i / s.steps] ? before[o] : 0.0;
      }
    }
  }

  void reverse(const Ready& p, const Shape& s, int64_t block, const Backwards& f) const override {
    const Block b = at(s, block);
    const int64_t made = p.outputs.size(), carried = p.carried, width = p.inputs.size(), C = p.channel.C;
    const int64_t shared = p.spread.size(), entries = p.step.entries;
    const double *trail = f.trail + b.first * s.steps * form_.state(), *ket = kets_of(s, f.trail, b),
                 *read = reads_of(s, f.trail, b);
    Arena<double> d_reads(b.samples * reads()), d_kets(b.samples * kets());
    Arena<Vec> arena(entries), cotangents(entries);
    Vec *d = arena.get(), *g = cotangents.get();
    double *dr = d_reads.get(), *dk = d_kets.get();
    spread(p, f.fixed, d);
    if (plain_) {
      std::memset(dr, 0, b.samples * reads() * sizeof(double));
      for (int64_t i = 0; i < b.samples; ++i)
        for (int64_t o = 0; o < made && there(s, b, f.counts, i); ++o)
          dr[i * reads() + direct_[o]] += f.d_outputs[row(s, b, i) * made + o];
    } else {
      // Matrices' cotangents are summed below, once.
      std::vector<double> unused(p.sums);
      for (int64_t group = 0; group < b.groups; ++group) {
        again(p, s, b, group, f.fixed, f.counts, f.inputs, read, d);
        std::memset(static_cast<void*>(g), 0, entries * sizeof(Vec));
        outputs(p, s, b, group, f.counts, f.d_outputs, g);
        qrnn::reverse<kLanes>(p.step, p.step_starts, d, g, f.fixed, unused.data(), p.channel.cut);
        for (int lane = 0; lane < kLanes && group * kLanes + lane < b.samples; ++lane)
          for (int64_t i = 0; i < reads(); ++i)
            dr[(group * kLanes + lane) * reads() + i] = g[p.channel.reads[i]][lane];
      }
    }
    form_.reverse(f.fixed + p.fixed.entries, b.count, s.steps, f.counts + b.first, ket, trail, dr, f.d_last + b.first * carried, dk,
                  f.d_initial + b.first * carried, f.sums + p.sums + shared);
    std::memset(static_cast<void*>(g), 0, entries * sizeof(Vec));
    for (int64_t group = 0; group < b.groups; ++group) {
      if (plain_) {
        inputs(p, s, b, group, f.counts, f.inputs, d);
        qrnn::forward<kLanes>(p.step, d, f.fixed, 0, p.channel.cut);
      } else {
        again(p, s, b, group, f.fixed, f.counts, f.inputs, read, d);
      }
      std::memset(static_cast<void*>(g + shared), 0, (entries - shared) * sizeof(Vec));
      if (!plain_) outputs(p, s, b, group, f.counts, f.d_outputs, g);
      for (int lane = 0; lane < kLanes && group * kLanes + lane < b.samples; ++lane) {
        const double* from = dk + (group * kLanes + lane) * kets();
        for (int64_t c = 0; c < C; ++c) {
          if (p.channel.ket_re[c] >= 0) g[p.channel.ket_re[c]][lane] += from[c];
          if (p.channel.ket_im[c] >= 0) g[p.channel.ket_im[c]][lane] += from[C + c];
        }
      }
      qrnn::reverse<kLanes>(p.step, p.step_starts, d, g, f.fixed, f.sums);
      for (int lane = 0; lane < kLanes && group * kLanes + lane < b.samples; ++lane)
        for (int64_t i = 0; i < width; ++i)
          f.d_inputs[row(s, b, group * kLanes + lane) * width + i] = g[p.inputs[i]][lane];
    }
    for (int64_t k = 0; k < shared; ++k) f.sums[p.sums + k] += total(g[k]);
  }

 private:
  // Sequences [first, first + count), their samples sequence by sequence in groups of lanes.
  struct Block {
    int64_t first, count, samples, groups;
  };

  Block at(const Shape& s, int64_t block) const {
    const int64_t first = block * most_, count = std::min(most_, s.batch - first), n = count * s.steps;
    return {first, count, n, (n + kLanes - 1) / kLanes};
  }
  int64_t kets() const { return 2 * form_.kets(); }
  int64_t reads() const { return form_.reads(); }

  // The row of a sample in arrays (steps, batch).
  static int64_t row(const Shape& s, const Block& b, int64_t sample) {
    return sample % s.steps * s.across + b.first + sample / s.steps;
  }
  // The sample, or the last one that its sequence has.
  static int64_t last(const Shape& s, const Block& b, const int64_t* counts, int64_t sample) {
    const int64_t end = std::max<int64_t>(counts[b.first + sample / s.steps] - 1, 0);
    return sample / s.steps * s.steps + std::min(sample % s.steps, end);
  }
  // Whether a sample is a step that its sequence has.
  static bool there(const Shape& s, const Block& b, const int64_t* counts, int64_t sample) {
    return sample % s.steps < counts[b.first + sample / s.steps];
  }
  template <class T>
  T* kets_of(const Shape& s, T* trail, const Block& b) const {
    return trail + s.steps * (s.batch * form_.state() + b.first * kets());
  }
  template <class T>
  T* reads_of(const Shape& s, T* trail, const Block& b) const {
    return trail + s.steps * (s.batch * (form_.state() + kets()) + b.first * reads());
  }

  // Beyond its end a sequence repeats its last step: padding may be no number.
  static void inputs(const Ready& p, const Shape& s, const Block& b, int64_t group, const int64_t* counts,
                     const double* rows, Vec* d) {
    const int64_t n = p.inputs.size();
    for (int lane = 0; lane < kLanes; ++lane) {
      const int64_t i = last(s, b, counts, std::min(group * kLanes + lane, b.samples - 1));
      const double* from = rows + row(s, b, i) * n;
      for (int64_t i = 0; i < n; ++i) d[p.inputs[i]][lane] = from[i];
    }
  }
  static void outputs(const Ready& p, const Shape& s, const Block& b, int64_t group, const int64_t* counts,
                      const double* rows, Vec* g) {
    const int64_t n = p.outputs.size();
    for (int lane = 0; lane < kLanes && group * kLanes + lane < b.samples; ++lane) {
      if (!there(s, b, counts, group * kLanes + lane)) continue;
      const double* from = rows + row(s, b, group * kLanes + lane) * n;
      for (int64_t o = 0; o < n; ++o) g[p.outputs[o]][lane] += from[o];
    }
  }
  // All of the program, with the reads in place.
  void again(const Ready& p, const Shape& s, const Block& b, int64_t group, const double* fixed,
             const int64_t* counts, const double* in, const double* read, Vec* d) const {
    inputs(p, s, b, group, counts, in, d);
    for (int lane = 0; lane < kLanes; ++lane) {
      const double* from = read + std::min(group * kLanes + lane, b.samples - 1) * reads();
      for (int64_t i = 0; i < reads(); ++i) d[p.channel.reads[i]][lane] = from[i];
    }
    qrnn::forward<kLanes>(p.step, d, fixed);
  }

  Form form_;
  int64_t most_;
  bool plain_;                   // the outputs are reads
  std::vector<int64_t> direct_;  // which read an output is
};

}  // namespace qrnn
