// The recurrent sweep of a cell as two XLA custom calls: forwards, and backwards with cotangents.
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include "run.h"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace qrnn {

using Vec = V<kLanes>;

struct Ready : Plan {
  std::vector<int64_t> fixed_starts, step_starts;
};

std::mutex plans_mutex;
std::map<int64_t, std::shared_ptr<const Ready>> plans;

std::shared_ptr<const Ready> plan_of(int64_t key) {
  std::lock_guard<std::mutex> lock(plans_mutex);
  auto found = plans.find(key);
  return found == plans.end() ? nullptr : found->second;
}

// Memory for vectors, aligned and not initialised.
class Arena {
 public:
  explicit Arena(int64_t entries)
      : data_(static_cast<Vec*>(std::aligned_alloc(64, std::max<int64_t>(entries, 1) * sizeof(Vec)))) {}
  ~Arena() { std::free(data_); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Vec* get() { return data_; }

 private:
  Vec* data_;
};

// work(i) for all i < count, by the caller and whatever threads of the pool are free.
template <class F>
void share(ffi::ThreadPool& pool, int64_t count, F work) {
  struct Shared {
    std::atomic<int64_t> next{0};
    std::mutex mutex;
    std::condition_variable done;
    int64_t left;
  };
  auto shared = std::make_shared<Shared>();
  shared->left = count;
  auto take = [shared, count, &work] {
    for (int64_t i; (i = shared->next.fetch_add(1)) < count;) {
      work(i);
      std::lock_guard<std::mutex> lock(shared->mutex);
      if (--shared->left == 0) shared->done.notify_all();
    }
  };
  const int64_t helpers = std::min<int64_t>(pool.num_threads(), count) - 1;
  // A task that starts late finds nothing left and does not touch `work`, which is gone by then.
  for (int64_t i = 0; i < helpers; ++i) pool.Schedule([take] { take(); });
  take();
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->done.wait(lock, [&] { return shared->left == 0; });
}

struct Shape {
  int64_t steps, batch, groups;
};

inline int64_t sample(const Shape& s, int64_t group, int lane) {
  return std::min(group * kLanes + lane, s.batch - 1);
}

void spread(const Ready& p, const double* fixed, Vec* d) {
  for (size_t k = 0; k < p.spread.size(); ++k) d[k] = Vec{} + fixed[p.spread[k]];
}

void gather(const Shape& s, int64_t group, const double* rows, const std::vector<int64_t>& to, Vec* d) {
  const int64_t n = to.size();
  for (int lane = 0; lane < kLanes; ++lane) {
    const double* row = rows + sample(s, group, lane) * n;
    for (int64_t f = 0; f < n; ++f) d[to[f]][lane] = row[f];
  }
}

void scatter(const Shape& s, int64_t group, const Vec* d, const std::vector<int64_t>& from, double* rows) {
  const int64_t n = from.size();
  for (int lane = 0; lane < kLanes && group * kLanes + lane < s.batch; ++lane)
    for (int64_t f = 0; f < n; ++f) rows[(group * kLanes + lane) * n + f] = d[from[f]][lane];
}

// Adds the cotangents of rows; lanes past the last sequence have none.
void gather_cotangents(const Shape& s, int64_t group, const double* rows, const std::vector<int64_t>& to,
                       Vec* g) {
  const int64_t n = to.size();
  for (int lane = 0; lane < kLanes && group * kLanes + lane < s.batch; ++lane)
    for (int64_t f = 0; f < n; ++f) g[to[f]][lane] += rows[(group * kLanes + lane) * n + f];
}

using In = ffi::Buffer<ffi::F64>;
using Out = ffi::ResultBuffer<ffi::F64>;

ffi::Error Forward(ffi::ThreadPool pool, int64_t key, int64_t steps, int64_t batch, In params, In inputs,
                   In initial, Out outputs, Out last, Out trail, Out fixed_out) {
  auto found = plan_of(key);
  if (!found) return ffi::Error::Internal("qrnnlang: the plan of this call is not registered");
  const Ready& p = *found;
  const Shape s = {steps, batch, (batch + kLanes - 1) / kLanes};
  double* fixed = fixed_out->typed_data();
  std::memcpy(fixed, p.constants.data(), p.constants.size() * sizeof(double));
  std::memcpy(fixed + p.constants.size(), params.typed_data(), p.params * sizeof(double));
  forward<1>(p.fixed, fixed, nullptr);
  const double *in = inputs.typed_data(), *start = initial.typed_data();
  double *out = outputs->typed_data(), *end = last->typed_data(), *kept = trail->typed_data();
  const int64_t carried = p.state.size(), width = p.inputs.size(), made = p.outputs.size();
  share(pool, s.groups, [&](int64_t group) {
    Arena arena(p.step.entries);
    std::vector<Vec> moved(carried);
    Vec* d = arena.get();
    spread(p, fixed, d);
    gather(s, group, start, p.state, d);
    for (int64_t t = 0; t < steps; ++t) {
      for (int64_t i = 0; i < carried; ++i)
        std::memcpy(kept + ((group * steps + t) * carried + i) * kLanes, &d[p.state[i]], sizeof(Vec));
      gather(s, group, in + t * batch * width, p.inputs, d);
      forward<kLanes>(p.step, d, fixed);
      scatter(s, group, d, p.outputs, out + t * batch * made);
      for (int64_t i = 0; i < carried; ++i) moved[i] = d[p.next[i]];
      for (int64_t i = 0; i < carried; ++i) d[p.state[i]] = moved[i];
    }
    scatter(s, group, d, p.state, end);
  });
  return ffi::Error::Success();
}

ffi::Error Reverse(ffi::ThreadPool pool, int64_t key, int64_t steps, int64_t batch, In inputs, In trail,
                   In fixed_in, In d_outputs, In d_last, Out d_params, Out d_inputs, Out d_initial) {
  auto found = plan_of(key);
  if (!found) return ffi::Error::Internal("qrnnlang: the plan of this call is not registered");
  const Ready& p = *found;
  const Shape s = {steps, batch, (batch + kLanes - 1) / kLanes};
  const double *fixed = fixed_in.typed_data(), *in = inputs.typed_data(), *kept = trail.typed_data();
  const double *gout = d_outputs.typed_data(), *gend = d_last.typed_data();
  double *gin = d_inputs->typed_data(), *gstart = d_initial->typed_data();
  const int64_t carried = p.state.size(), width = p.inputs.size(), made = p.outputs.size();
  const int64_t shared = p.spread.size(), entries = p.step.entries;
  // Sums are taken in an order that does not depend on the number of threads.
  const int64_t chunks = std::min<int64_t>(s.groups, 16), size = p.sums + shared;
  std::vector<double> sums(chunks * size, 0.0);
  share(pool, chunks, [&](int64_t chunk) {
    Arena arena(entries), cotangents(entries);
    std::vector<Vec> moved(carried);
    Vec *d = arena.get(), *g = cotangents.get();
    double* sum = sums.data() + chunk * size;
    spread(p, fixed, d);
    for (int64_t group = chunk; group < s.groups; group += chunks) {
      std::memset(static_cast<void*>(g), 0, entries * sizeof(Vec));
      for (int64_t i = 0; i < carried; ++i) moved[i] = Vec{};
      for (int lane = 0; lane < kLanes && group * kLanes + lane < batch; ++lane)
        for (int64_t i = 0; i < carried; ++i) moved[i][lane] = gend[(group * kLanes + lane) * carried + i];
      for (int64_t t = steps; t-- > 0;) {
        for (int64_t i = 0; i < carried; ++i)
          std::memcpy(&d[p.state[i]], kept + ((group * steps + t) * carried + i) * kLanes, sizeof(Vec));
        gather(s, group, in + t * batch * width, p.inputs, d);
        forward<kLanes>(p.step, d, fixed);
        std::memset(static_cast<void*>(g + shared), 0, (entries - shared) * sizeof(Vec));
        for (int64_t i = 0; i < carried; ++i) g[p.next[i]] += moved[i];
        gather_cotangents(s, group, gout + t * batch * made, p.outputs, g);
        reverse<kLanes>(p.step, p.step_starts, d, g, fixed, sum);
        scatter(s, group, g, p.inputs, gin + t * batch * width);
        for (int64_t i = 0; i < carried; ++i) moved[i] = g[p.state[i]];
      }
      scatter(s, group, g, p.state, gstart);
      for (int64_t k = 0; k < shared; ++k) sum[p.sums + k] += total(g[k]);
    }
  });
  for (int64_t chunk = 1; chunk < chunks; ++chunk)
    for (int64_t k = 0; k < size; ++k) sums[k] += sums[chunk * size + k];
  std::vector<double> g(p.fixed.entries, 0.0);
  for (size_t m = 0; m < p.matrices.size(); m += 3)
    for (int64_t k = 0; k < p.matrices[m + 2]; ++k) g[p.matrices[m + 1] + k] += sums[p.matrices[m] + k];
  for (int64_t k = 0; k < shared; ++k) g[p.spread[k]] += sums[p.sums + k];
  reverse<1>(p.fixed, p.fixed_starts, fixed, g.data(), nullptr, nullptr);
  std::memcpy(d_params->typed_data(), g.data() + p.constants.size(), p.params * sizeof(double));
  return ffi::Error::Success();
}

}  // namespace qrnn

XLA_FFI_DEFINE_HANDLER_SYMBOL(qrnn_forward, qrnn::Forward,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<int64_t>("key")
                                  .Attr<int64_t>("steps")
                                  .Attr<int64_t>("batch")
                                  .Arg<qrnn::In>()
                                  .Arg<qrnn::In>()
                                  .Arg<qrnn::In>()
                                  .Ret<ffi::Buffer<ffi::F64>>()
                                  .Ret<ffi::Buffer<ffi::F64>>()
                                  .Ret<ffi::Buffer<ffi::F64>>()
                                  .Ret<ffi::Buffer<ffi::F64>>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(qrnn_reverse, qrnn::Reverse,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<int64_t>("key")
                                  .Attr<int64_t>("steps")
                                  .Attr<int64_t>("batch")
                                  .Arg<qrnn::In>()
                                  .Arg<qrnn::In>()
                                  .Arg<qrnn::In>()
                                  .Arg<qrnn::In>()
                                  .Arg<qrnn::In>()
                                  .Ret<ffi::Buffer<ffi::F64>>()
                                  .Ret<ffi::Buffer<ffi::F64>>()
                                  .Ret<ffi::Buffer<ffi::F64>>());

// Arrays, each with its length in front of its numbers, in the order of the reads below.
extern "C" void qrnn_register(int64_t key, const int64_t* ints, const double* reals) {
  auto plan = std::make_shared<qrnn::Ready>();
  auto whole = [&] {
    const int64_t n = *ints++;
    std::vector<int64_t> v(ints, ints + n);
    ints += n;
    return v;
  };
  auto real = [&] {
    const int64_t n = *ints++;
    std::vector<double> v(reals, reals + n);
    reals += n;
    return v;
  };
  auto program = [&] {
    qrnn::Program p;
    p.entries = *ints++;
    p.first = *ints++;
    p.code = whole();
    p.numbers = real();
    return p;
  };
  plan->fixed = program();
  plan->step = program();
  plan->constants = real();
  plan->params = *ints++;
  plan->spread = whole();
  plan->inputs = whole();
  plan->state = whole();
  plan->next = whole();
  plan->outputs = whole();
  plan->sums = *ints++;
  plan->matrices = whole();
  plan->fixed_starts = qrnn::starts_of(plan->fixed);
  plan->step_starts = qrnn::starts_of(plan->step);
  std::lock_guard<std::mutex> lock(qrnn::plans_mutex);
  qrnn::plans[key] = plan;
}
