// Leading axes of a call: several sets of parameters, inputs or initial states at once.
#pragma once

#include <cstdint>
#include <vector>

#include "xla/ffi/api/ffi.h"

namespace qrnn {

using In = xla::ffi::Buffer<xla::ffi::F64>;
using Out = xla::ffi::ResultBuffer<xla::ffi::F64>;

// The axes in front of an array's own; an axis of one entry stands for as many as there are.
struct Leading {
  std::vector<int64_t> axes;
  int64_t size = 1;  // numbers of one set
};

inline Leading leading(const In& x, size_t own) {
  Leading found;
  const auto dims = x.dimensions();
  for (size_t i = 0; i < dims.size(); ++i)
    if (i + own < dims.size()) found.axes.push_back(dims[i]);
    else found.size *= dims[i];
  return found;
}

struct Sets {
  std::vector<int64_t> axes;
  int64_t count = 1;

  void add(const Leading& x) {
    if (axes.size() < x.axes.size()) axes.insert(axes.begin(), x.axes.size() - axes.size(), 1);
    const size_t shift = axes.size() - x.axes.size();
    for (size_t i = 0; i < x.axes.size(); ++i) axes[shift + i] = std::max(axes[shift + i], x.axes[i]);
    count = 1;
    for (int64_t n : axes) count *= n;
  }

  // Where the numbers of a set begin.
  int64_t at(const Leading& x, int64_t set) const {
    int64_t place = 0, stride = 1;
    const size_t shift = axes.size() - x.axes.size();
    for (size_t i = axes.size(); i-- > 0;) {
      const int64_t here = set % axes[i];
      set /= axes[i];
      if (i < shift) continue;
      const int64_t n = x.axes[i - shift];
      if (n > 1) place += here * stride;
      stride *= n;
    }
    return place * x.size;
  }
};

}  // namespace qrnn
