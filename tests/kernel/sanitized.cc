// Runs a registered plan forwards and backwards on four threads, for sanitizers.
//
// Arguments: a file of whole numbers and one of numbers, as `qrnn_register` takes them; steps; batch.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>

#include "sweep.cc"

template <class T>
std::vector<T> read(const char* name) {
  std::ifstream file(name, std::ios::binary);
  std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<T> found(bytes.size() / sizeof(T));
  std::memcpy(found.data(), bytes.data(), found.size() * sizeof(T));
  return found;
}

int main(int, char** argv) {
  using namespace qrnn;
  const auto ints = read<int64_t>(argv[1]);
  const auto reals = read<double>(argv[2]);
  const Shape s = {std::atol(argv[3]), std::atol(argv[4]), std::atol(argv[4])};
  qrnn_register(1, ints.data(), reals.data());
  const Ready& p = *plan_of(1);
  std::mt19937 random(1);
  auto drawn = [&](int64_t n) {
    std::vector<double> x(n);
    for (auto& v : x) v = std::uniform_real_distribution<double>(0.1, 0.9)(random);
    return x;
  };
  const int64_t rows = s.steps * s.batch, blocks = p.blocks(s), size = p.summed();
  const auto params = drawn(p.params), inputs = drawn(rows * p.inputs.size());
  std::vector<double> initial(s.batch * p.carried, 0.0);
  for (int64_t b = 0; b < s.batch && p.carried; ++b) initial[b * p.carried] = 1;
  std::vector<int64_t> counts(s.batch);  // sequences of different lengths, one of them empty
  for (int64_t b = 0; b < s.batch; ++b) counts[b] = b == 1 ? 0 : s.steps - b % s.steps;
  std::vector<double> fixed(p.kept()), outputs(rows * p.outputs.size()), last(initial.size()),
      trail(p.trailed(s)), d_inputs(inputs.size()), d_initial(initial.size()),
      sums(blocks * size, 0.0);
  std::copy(params.begin(), params.end(), fixed.begin() + p.constants.size());
  prepare(p, fixed.data());
  share(4, blocks, [&](int64_t block) {
    const Forwards f = {fixed.data(), inputs.data(), initial.data(), outputs.data(), last.data(), trail.data(),
                        counts.data()};
    if (p.split) p.split->forward(p, s, block, f);
    else recurrent_forward(p, s, block, f);
  });
  share(4, blocks, [&](int64_t block) {
    const Backwards b = {fixed.data(), inputs.data(),   trail.data(),     outputs.data(),
                         last.data(),  d_inputs.data(), d_initial.data(), sums.data() + block * size,
                         counts.data()};
    if (p.split) p.split->reverse(p, s, block, b);
    else recurrent_reverse(p, s, block, b);
  });
  for (int64_t block = 1; block < blocks; ++block)
    for (int64_t k = 0; k < size; ++k) sums[k] += sums[block * size + k];
  std::vector<double> g(p.fixed.entries);
  finish(p, fixed.data(), sums.data(), g.data());
  const std::vector<double> d_params(g.begin() + p.constants.size(), g.begin() + p.constants.size() + p.params);
  double whole = 0;
  for (double x : d_params) whole += x;
  std::printf("%.3e\n", whole);
  return std::isfinite(whole) ? 0 : 1;
}
