// The recurrent sweep of a cell as two XLA custom calls: forwards, and backwards with cotangents.
#include <map>

#include "forms.h"
#include "rates.h"
#include "recurrent.h"
#include "sets.h"

namespace ffi = xla::ffi;

namespace qrnn {

std::mutex plans_mutex;
std::map<int64_t, std::shared_ptr<const Ready>> plans;

std::shared_ptr<const Ready> plan_of(int64_t key) {
  std::lock_guard<std::mutex> lock(plans_mutex);
  auto found = plans.find(key);
  return found == plans.end() ? nullptr : found->second;
}

ffi::Error unknown() { return ffi::Error::Internal("qrnnlang: the plan of this call is not registered"); }

// What is computed once for a set of parameters, which lie in `fixed` already: `kept` numbers.
void prepare(const Ready& p, double* fixed) {
  std::memcpy(fixed, p.constants.data(), p.constants.size() * sizeof(double));
  forward<1>(p.fixed, fixed, nullptr);
  if (p.split) p.split->pack(fixed, fixed + p.fixed.entries);
}

// Cotangents of all that was computed once, parameters among them, from sums over all sequences.
void finish(const Ready& p, const double* fixed, const double* sums, double* g) {
  const int64_t shared = p.spread.size();
  std::fill_n(g, p.fixed.entries, 0.0);
  for (size_t m = 0; m < p.matrices.size(); m += 3)
    for (int64_t k = 0; k < p.matrices[m + 2]; ++k) g[p.matrices[m + 1] + k] += sums[p.matrices[m] + k];
  for (int64_t k = 0; k < shared; ++k) g[p.spread[k]] += sums[p.sums + k];
  if (p.split) p.split->unpack(fixed, sums + p.sums + shared, g);
  reverse<1>(p.fixed, p.fixed_starts, fixed, g, nullptr, nullptr);
}

// On this thread alone where handing work over costs more than it saves.
template <class F>
void spread_out(ffi::ThreadPool& pool, int64_t count, double flops, F work) {
  if (flops > 2e5) return share(pool.num_threads(), count, work);
  for (int64_t i = 0; i < count; ++i) work(i);
}

// Initial states, one of every sequence or one for all, with a further column for the lengths of sequences if they have any.
struct Starts {
  std::vector<double> states;
  std::vector<int64_t> counts;

  Starts(const double* rows, bool one, int64_t count, int64_t carried, bool ragged, int64_t steps) {
    const int64_t width = carried + ragged;
    states.resize(count * carried);
    counts.resize(count, steps);
    for (int64_t i = 0; i < count; ++i) {
      const double* row = rows + (one ? 0 : i * width);
      std::copy_n(row, carried, states.data() + i * carried);
      if (ragged) counts[i] = std::clamp<int64_t>(int64_t(row[carried]), 0, steps);
    }
  }
};

// How many rows an array of states has.
template <class T>
int64_t rows_of(const T& states) {
  const auto dims = states.dimensions();
  return dims[dims.size() - 2];
}

ffi::Error Forward(ffi::ThreadPool pool, int64_t key, int64_t ragged, In inputs, In initial, ffi::RemainingArgs params,
                   Out outputs, Out last, Out trail, Out fixed_out) {
  auto found = plan_of(key);
  if (!found) return unknown();
  const Ready& p = *found;
  const auto dims = inputs.dimensions();
  const Shape s = {dims[dims.size() - 3], dims[dims.size() - 2], dims[dims.size() - 2]};
  const Leading li = leading(inputs, 3), l0 = leading(initial, 2);
  std::vector<In> parts;
  std::vector<Leading> leads;
  Sets sets;
  for (const auto* l : {&li, &l0}) sets.add(*l);
  for (size_t i = 0; i < params.size(); ++i) {
    parts.push_back(*params.get<In>(i));
    leads.push_back(leading(parts.back(), 1));
    sets.add(leads.back());
  }
  const int64_t kept = p.kept(), trailed = p.trailed(s);
  const int64_t blocks = p.blocks(s);
  double* fixed = fixed_out->typed_data();
  const double flops = p.flops(s) * sets.count;
  spread_out(pool, sets.count, sets.count > 1 ? flops : 0, [&](int64_t set) {
    double* to = fixed + set * kept + p.constants.size();
    for (size_t i = 0; i < parts.size(); to += leads[i++].size)
      std::copy_n(parts[i].typed_data() + sets.at(leads[i], set), leads[i].size, to);
    prepare(p, fixed + set * kept);
  });
  std::vector<Starts> starts;
  for (int64_t set = 0; set < sets.count; ++set) {
    starts.emplace_back(initial.typed_data() + sets.at(l0, set), rows_of(initial) < s.batch, s.batch, p.carried,
                        ragged != 0, s.steps);
    double* lengths = trail->typed_data() + set * trailed + p.states(s);
    for (int64_t i = 0; i < s.batch; ++i) lengths[i] = double(starts[set].counts[i]);
  }
  spread_out(pool, sets.count * blocks, flops, [&](int64_t task) {
    const int64_t set = task / blocks, block = task % blocks;
    const Forwards f = {fixed + set * kept,
                        inputs.typed_data() + sets.at(li, set),
                        starts[set].states.data(),
                        outputs->typed_data() + set * s.steps * s.batch * int64_t(p.outputs.size()),
                        last->typed_data() + set * s.batch * p.carried,
                        trail->typed_data() + set * trailed,
                        starts[set].counts.data()};
    if (p.split) p.split->forward(p, s, block, f);
    else recurrent_forward(p, s, block, f);
  });
  return ffi::Error::Success();
}

ffi::Error Reverse(ffi::ThreadPool pool, int64_t key, int64_t ragged, In inputs, In trail, In fixed_in, In d_outputs,
                   In d_last, Out d_inputs, Out d_initial, ffi::RemainingRets d_params) {
  auto found = plan_of(key);
  if (!found) return unknown();
  const Ready& p = *found;
  const auto dims = inputs.dimensions();
  const Shape s = {dims[dims.size() - 3], dims[dims.size() - 2], dims[dims.size() - 2]};
  const Leading li = leading(inputs, 3), lt = leading(trail, 1), lf = leading(fixed_in, 1),
                lo = leading(d_outputs, 3), ll = leading(d_last, 2);
  Sets sets;
  for (const auto* l : {&li, &lt, &lf, &lo, &ll}) sets.add(*l);
  const int64_t blocks = p.blocks(s);
  // Sums are taken in an order that does not depend on the number of threads.
  const int64_t chunks = std::min<int64_t>(blocks, 16), size = p.summed();
  Arena<double> all_sums(sets.count * chunks * size);
  double* sums = all_sums.get();
  std::vector<int64_t> counts(sets.count * s.batch);
  for (int64_t set = 0; set < sets.count; ++set) {
    const double* lengths = trail.typed_data() + sets.at(lt, set) + p.states(s);
    for (int64_t i = 0; i < s.batch; ++i) counts[set * s.batch + i] = int64_t(lengths[i]);
  }
  // Those of initial states are summed where one state is for all; none of last states are zeros.
  const bool one = rows_of(*d_initial) < s.batch, given = rows_of(d_last) == s.batch;
  std::vector<double> begun(ragged || one ? sets.count * s.batch * p.carried : 0);
  double* d_states = ragged || one ? begun.data() : d_initial->typed_data();
  const std::vector<double> zeros(given ? 0 : s.batch * p.carried, 0.0);
  const double flops = 3 * p.flops(s) * sets.count;
  spread_out(pool, sets.count * chunks, flops, [&](int64_t task) {
    const int64_t set = task / chunks, chunk = task % chunks;
    const Backwards b = {fixed_in.typed_data() + sets.at(lf, set),
                         inputs.typed_data() + sets.at(li, set),
                         trail.typed_data() + sets.at(lt, set),
                         d_outputs.typed_data() + sets.at(lo, set),
                         given ? d_last.typed_data() + sets.at(ll, set) : zeros.data(),
                         d_inputs->typed_data() + set * s.steps * s.batch * int64_t(p.inputs.size()),
                         d_states + set * s.batch * p.carried,
                         sums + task * size,
                         counts.data() + set * s.batch};
    std::fill_n(b.sums, size, 0.0);
    for (int64_t block = chunk; block < blocks; block += chunks)
      if (p.split) p.split->reverse(p, s, block, b);
      else recurrent_reverse(p, s, block, b);
  });
  const int64_t width = p.carried + (ragged != 0);
  if (ragged || one) std::fill_n(d_initial->typed_data(), d_initial->element_count(), 0.0);
  for (int64_t i = 0; i < int64_t(begun.size()) / std::max<int64_t>(p.carried, 1); ++i)
    for (int64_t k = 0; k < p.carried; ++k)
      d_initial->typed_data()[(one ? i / s.batch : i) * width + k] += begun[i * p.carried + k];
  spread_out(pool, sets.count, sets.count > 1 ? flops : 0, [&](int64_t set) {
    double* sum = sums + set * chunks * size;
    for (int64_t chunk = 1; chunk < chunks; ++chunk)
      for (int64_t k = 0; k < size; ++k) sum[k] += sum[chunk * size + k];
    Arena<double> g(p.fixed.entries);
    finish(p, fixed_in.typed_data() + sets.at(lf, set), sum, g.get());
    const double* from = g.get() + p.constants.size();
    for (size_t i = 0; i < d_params.size(); ++i) {
      auto part = *d_params.get<In>(i);
      const int64_t size = part->element_count() / sets.count;
      std::copy_n(from, size, part->typed_data() + set * size);
      from += size;
    }
  });
  return ffi::Error::Success();
}

}  // namespace qrnn

XLA_FFI_DEFINE_HANDLER_SYMBOL(qrnn_forward, qrnn::Forward,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<int64_t>("key")
                                  .Attr<int64_t>("ragged")
                                  .Arg<qrnn::In>()
                                  .Arg<qrnn::In>()
                                  .RemainingArgs()
                                  .Ret<ffi::Buffer<ffi::F64>>()
                                  .Ret<ffi::Buffer<ffi::F64>>()
                                  .Ret<ffi::Buffer<ffi::F64>>()
                                  .Ret<ffi::Buffer<ffi::F64>>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(qrnn_reverse, qrnn::Reverse,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Attr<int64_t>("key")
                                  .Attr<int64_t>("ragged")
                                  .Arg<qrnn::In>()
                                  .Arg<qrnn::In>()
                                  .Arg<qrnn::In>()
                                  .Arg<qrnn::In>()
                                  .Arg<qrnn::In>()
                                  .Ret<ffi::Buffer<ffi::F64>>()
                                  .Ret<ffi::Buffer<ffi::F64>>()
                                  .RemainingRets());

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
  plan->carried = *ints++;
  plan->spread = whole();
  plan->inputs = whole();
  plan->state = whole();
  plan->next = whole();
  plan->outputs = whole();
  plan->sums = *ints++;
  plan->matrices = whole();
  qrnn::Channel& c = plan->channel;
  c.H = *ints++;
  if (c.H) {
    c.A = *ints++;
    c.C = *ints++;
    c.complex_ = *ints++;
    c.ket_complex = *ints++;
    c.cut = *ints++;
    c.u_re = whole();
    c.u_im = whole();
    c.ket_re = whole();
    c.ket_im = whole();
    c.reads = whole();
    const std::vector<int64_t> places = whole();
    const std::vector<double> numbers = real();
    for (size_t i = 0; 3 * i < places.size(); ++i)
      c.terms.push_back({places[3 * i], places[3 * i + 1], places[3 * i + 2], numbers[2 * i], numbers[2 * i + 1]});
    c.mask = whole();
  }
  plan->fixed_starts = qrnn::starts_of(plan->fixed);
  plan->step_starts = qrnn::starts_of(plan->step);
  plan->split = qrnn::split_of(*plan);
  std::lock_guard<std::mutex> lock(qrnn::plans_mutex);
  qrnn::plans[key] = plan;
}

// Numbers that a call keeps for its reverse: of one set of parameters, and of `batch` sequences.
extern "C" int64_t qrnn_kept(int64_t key) { return qrnn::plan_of(key)->kept(); }
extern "C" int64_t qrnn_trailed(int64_t key, int64_t steps, int64_t batch) {
  return qrnn::plan_of(key)->trailed({steps, batch, batch});
}

// Real operations a second in products of small matrices and in gates, bytes a second of memory.
extern "C" void qrnn_rates(double* rates) {
  rates[0] = qrnn::product_rate();
  rates[1] = qrnn::gate_rate();
  rates[2] = qrnn::memory_rate();
}
