// A step that is a channel: ρ ← Σ_a K_a ρ K_a†, K_a = Σ_c φ_c U_ac, with reads of the state before
// rows are traced out. U is fixed, φ a ket of each sample.
#pragma once

#include <cstdint>
#include <vector>

#include "dense.h"

namespace qrnn {

// read += Re(coefficient · σ[left, right]), σ the state on all rows.
struct Term {
  int64_t read, left, right;
  double re, im;
};

struct Channel {
  int64_t H = 0;  // size of ρ; 0: the step is no channel
  int64_t A = 0;  // Kraus operators; row (a, i) is a·H + i
  int64_t C = 0;  // entries of the ket
  bool complex_ = false, ket_complex = false;
  std::vector<int64_t> u_re, u_im;      // entry (row, c, k) of U in `fixed`; −1: zero
  std::vector<int64_t> ket_re, ket_im;  // entries of `step`; −1: zero
  std::vector<int64_t> reads;           // entries of `step` that take the reads
  std::vector<Term> terms;
  std::vector<int64_t> mask;  // entries of ρ that stay, or none
  int64_t cut = 0;            // the code of `step` from here on needs the reads
};

}  // namespace qrnn
