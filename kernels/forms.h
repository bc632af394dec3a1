// Which form the channel of a plan takes.
#pragma once

#include "lane_kraus.h"
#include "lane_transfer.h"
#include "split.h"
#include "together.h"

namespace qrnn {

template <int W>
inline std::shared_ptr<const Split> transfers(const Plan& p) {
  return std::make_shared<TogetherSweep<LaneTransfer<W>>>(p, std::make_shared<SplitSweep<Transfer<W>>>(p, 4));
}

template <bool UC, bool KC>
inline std::shared_ptr<const Split> operators(const Plan& p) {
  const auto alone = std::make_shared<SplitSweep<Kraus<UC, KC>>>(p, p.channel.H > kLanes ? 1 : 2);
  if (!LaneKraus<UC, KC>::covers(p.channel)) return alone;
  return std::make_shared<TogetherSweep<LaneKraus<UC, KC>>>(p, alone);
}

inline std::shared_ptr<const Split> split_of(const Plan& p) {
  const Channel& c = p.channel;
  if (!c.H) return nullptr;
  if (c.H < kLanes) return coordinates(c.H, c.complex_).size() > kLanes ? transfers<2>(p) : transfers<1>(p);
  if (c.ket_complex) return operators<true, true>(p);
  return c.complex_ ? operators<true, false>(p) : operators<false, false>(p);
}

}  // namespace qrnn
