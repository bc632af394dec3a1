// A plan that is registered, and what a call gives to its sweeps.
#pragma once

#include <memory>

#include "program.h"
#include "run.h"

namespace qrnn {

// `across`: sequences in a row of the arrays, of which these are `batch`.
struct Shape {
  int64_t steps, batch, across;
};

// The pointers of one set of parameters. Outputs are (steps, batch, …), states (batch, …). `counts`:
// how many steps of each sequence there are; beyond its end a sequence repeats its last outputs.
struct Forwards {
  const double *fixed, *inputs, *initial;
  double *outputs, *last, *trail;
  const int64_t* counts;
};
struct Backwards {
  const double *fixed, *inputs, *trail, *d_outputs, *d_last;
  double *d_inputs, *d_initial, *sums;
  const int64_t* counts;
};

struct Ready;

// A sweep in which only a channel is recurrent.
class Split {
 public:
  virtual ~Split() = default;
  virtual int64_t packed() const = 0;
  virtual int64_t sums() const = 0;
  virtual int64_t trailed(const Shape& s) const = 0;
  virtual int64_t blocks(const Shape& s) const = 0;
  virtual void pack(const double* fixed, double* out) const = 0;
  virtual void unpack(const double* fixed, const double* sums, double* g) const = 0;
  virtual void forward(const Ready& p, const Shape& s, int64_t block, const Forwards& f) const = 0;
  virtual void reverse(const Ready& p, const Shape& s, int64_t block, const Backwards& b) const = 0;
};

struct Ready : Plan {
  std::vector<int64_t> fixed_starts, step_starts;
  std::shared_ptr<const Split> split;

  int64_t kept() const { return fixed.entries + (split ? split->packed() : 0); }
  int64_t groups(const Shape& s) const { return (s.batch + kLanes - 1) / kLanes; }
  int64_t blocks(const Shape& s) const { return split ? split->blocks(s) : groups(s); }
  // The states, then the sequences' lengths.
  int64_t trailed(const Shape& s) const { return states(s) + s.batch; }
  int64_t states(const Shape& s) const {
    return split ? split->trailed(s) : groups(s) * s.steps * carried * kLanes;
  }
  int64_t summed() const { return sums + int64_t(spread.size()) + (split ? split->sums() : 0); }
  double flops(const Shape& s) const {
    const double c = channel.H ? 8.0 * channel.A * channel.H * channel.H * channel.H : 0.0;
    return double(s.steps) * s.batch * (c + 2.0 * step.code.size());
  }
};

}  // namespace qrnn
