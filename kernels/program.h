// A program: instructions on numbered entries of an arena, each entry W lanes wide.
//
// Instructions are rows of int64 (see `qrnnlang/engine/native/program.py`, which writes them); every
// entry is written once, so the reverse sweep finds all values in place.
#pragma once

#include <cstdint>
#include <vector>

#include "channel.h"

namespace qrnn {

enum Op : int64_t {
  kLinear = 0,
  kBilinear = 1,
  kTurn = 2,
  kUnary = 3,
  kDivide = 4,
  kPair = 5,
  kContract = 6,
  kChain = 7,
  kShared = 8,  // in programs of kLanes only
};

struct Program {
  int64_t entries = 0;  // size of the arena
  int64_t first = 0;    // entries before this one are constants, or spread from the static arena
  std::vector<int64_t> code;
  std::vector<double> numbers;
};

// Everything one cell needs.
struct Plan {
  Program fixed;                // parameters only, once a call, one lane
  Program step;                 // one step of kLanes sequences
  std::vector<double> constants;  // the first entries of `fixed`
  int64_t params = 0;             // entries of `fixed` after the constants
  int64_t carried = 0;            // numbers of a sequence's state
  std::vector<int64_t> spread;  // entry k of `step` is this entry of `fixed`
  std::vector<int64_t> inputs, state, next, outputs;  // entries of `step`
  int64_t sums = 0;             // size of the sums of cotangents of `fixed`
  // Sums [from, from + size) belong to entries [to, to + size) of `fixed`.
  std::vector<int64_t> matrices;
  Channel channel;
};

}  // namespace qrnn
