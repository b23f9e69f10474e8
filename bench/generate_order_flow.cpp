// generate_order_flow W1|W2|W3|W4 FILE [SEED [TIMED_RECORDS]]: writes an order-flow file (see
// order_flow.hpp) with the result of a reference book of maps and lists that shares no code with
// the engine. Integer arithmetic and an own generator only: the same bytes on any machine.
//
//   W1  add and cancel around a slowly walking middle, 10,000 resting on 1,000 levels, few trades
//   W2  45 % of the adds cross, passive ones crowd at the touch
//   W3  500,000 resting on 20,000 levels, uniformly random cancels, no trades
//   W4  market orders that sweep 20 to 60 levels, and the refill
#include <algorithm>
#include <cinttypes>
#include <cstdlib>
#include <list>
#include <map>

#include "bench/order_flow.hpp"

namespace perpetua::bench {
namespace {

constexpr uint8_t kBuy = 0;
constexpr uint8_t kSell = 1;
constexpr int64_t kMiddle = 100'000;
constexpr uint32_t kUsers = 10'000;

// xoshiro256**, seeded by splitmix64 (Blackman and Vigna, public domain).
class Random {
 public:
  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9E3779B97F4A7C15ull;
      uint64_t z = seed;
      z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
      z = (z ^ z >> 27) * 0x94D049BB133111EBull;
      word = z ^ z >> 31;
    }
  }
  int64_t below(int64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<int64_t>(static_cast<Wide>(next()) * static_cast<uint64_t>(bound) >> 64);
  }
  uint8_t side() { return static_cast<uint8_t>(below(2)); }
  uint32_t lots(int64_t max) { return static_cast<uint32_t>(1 + below(max)); }

 private:
  static uint64_t rotate(uint64_t x, int k) { return x << k | x >> (64 - k); }
  uint64_t next() {
    const uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  uint64_t state_[4];
};

class ReferenceBook {
 public:
  // What crosses trades, what is left rests.
  void limit(uint64_t id, uint8_t side, int64_t price, uint32_t lots) {
    lots = match(id, side, price, lots);
    if (orders_.size() <= id) orders_.resize(id + 1);
    if (lots == 0) return;
    Queue& queue = sides_[side][price];
    queue.push_back({id, lots});
    orders_[id] = {price, side, std::prev(queue.end()), live_.size()};
    live_.push_back(id);
  }
  void market(uint64_t id, uint8_t side, uint32_t lots) {
    match(id, side, side == kBuy ? INT64_MAX : 0, lots);
  }
  void cancel(uint64_t id) {
    Order& order = orders_[id];
    const auto level = sides_[order.side].find(order.price);
    level->second.erase(order.place);
    if (level->second.empty()) sides_[order.side].erase(level);
    forget(id);
  }

  int64_t best_bid() const { return sides_[kBuy].empty() ? 0 : sides_[kBuy].rbegin()->first; }
  int64_t best_ask() const { return sides_[kSell].empty() ? 0 : sides_[kSell].begin()->first; }
  std::size_t live_count() const { return live_.size(); }
  uint64_t live(int64_t index) const { return live_[static_cast<std::size_t>(index)]; }
  uint8_t side_of(uint64_t id) const { return orders_[id].side; }

  FlowResult result() const {
    FlowResult result = trades_;
    result.resting = live_.size();
    result.best_bid = best_bid();
    result.best_ask = best_ask();
    for (const auto& side : sides_) {
      result.levels += side.size();
      for (const auto& [price, queue] : side) {
        for (const Resting& order : queue) result.resting_lots += order.lots;
      }
    }
    return result;
  }

 private:
  struct Resting {
    uint64_t id;
    uint32_t lots;
  };
  using Queue = std::list<Resting>;
  struct Order {
    int64_t price = 0;
    uint8_t side = kBuy;
    Queue::iterator place;
    std::size_t live_index = 0;
  };

  uint32_t match(uint64_t taker, uint8_t side, int64_t limit, uint32_t lots) {
    auto& makers = sides_[1 - side];
    while (lots != 0 && !makers.empty()) {
      const auto level = side == kBuy ? makers.begin() : std::prev(makers.end());
      if (side == kBuy ? level->first > limit : level->first < limit) break;
      Queue& queue = level->second;
      while (lots != 0 && !queue.empty()) {
        Resting& maker = queue.front();
        const uint32_t filled = std::min(maker.lots, lots);
        lots -= filled;
        maker.lots -= filled;
        trades_.add_trade(taker, maker.id, static_cast<uint64_t>(level->first), filled);
        if (maker.lots != 0) continue;
        forget(maker.id);
        queue.pop_front();
      }
      if (queue.empty()) makers.erase(level);
    }
    return lots;
  }

  // The list of live ids stays dense: the last one moves into the gap.
  void forget(uint64_t id) {
    const std::size_t index = orders_[id].live_index;
    live_[index] = live_.back();
    orders_[live_[index]].live_index = index;
    live_.pop_back();
  }

  std::map<int64_t, Queue> sides_[2];
  std::vector<Order> orders_;
  std::vector<uint64_t> live_;
  FlowResult trades_;
};

class Generator {
 public:
  Generator(uint32_t seed, uint64_t timed) : random_(seed), timed_(timed) {
    flow_.header.seed = seed;
    flow_.header.users = kUsers;
  }

  void add_and_cancel(bool deep);
  void crossing();
  void sweeping();
  OrderFlow finish();

 private:
  void record(uint64_t id, int64_t price, uint32_t lots, FlowKind kind, uint8_t side) {
    flow_.records.push_back({id, price, lots, kind, side, 0, 1 + id * 2654435761u % kUsers});
  }
  void limit(uint8_t side, int64_t price, uint32_t lots) {
    record(++last_id_, price, lots, FlowKind::limit, side);
    book_.limit(last_id_, side, price, lots);
  }
  void market(uint8_t side, uint32_t lots) {
    record(++last_id_, 0, lots, FlowKind::market, side);
    book_.market(last_id_, side, lots);
  }
  // Returns the side of the order that went.
  uint8_t cancel_any() {
    const uint64_t id = book_.live(random_.below(live_count()));
    const uint8_t side = book_.side_of(id);
    record(id, 0, 0, FlowKind::cancel, side);
    book_.cancel(id);
    return side;
  }
  int64_t live_count() const { return static_cast<int64_t>(book_.live_count()); }
  // `distance` ticks from the middle on the passive side.
  void limit_off(uint8_t side, int64_t middle, int64_t distance) {
    limit(side, side == kBuy ? middle - distance : middle + distance, random_.lots(100));
  }
  void prefill(int64_t orders, int64_t levels);
  void add_around(int64_t middle, int64_t levels, bool deep);
  void add_aggressive(uint8_t side, int64_t bid, int64_t ask);
  void add_at_touch(uint8_t side, int64_t bid, int64_t ask);
  void refill(int64_t (&resting)[2]);

  Random random_;
  uint64_t timed_;
  uint64_t last_id_ = 0;
  ReferenceBook book_;
  OrderFlow flow_;
};

void Generator::prefill(int64_t orders, int64_t levels) {
  while (live_count() < orders) {
    const uint8_t side = random_.side();
    const int64_t distance = 1 + random_.below(levels);
    limit_off(side, kMiddle, distance);
  }
  flow_.header.prefill = flow_.records.size();
}

// W1 and, deep, W3.
void Generator::add_and_cancel(bool deep) {
  const int64_t levels = deep ? 10'000 : 500;
  const int64_t target = deep ? 500'000 : 10'000;
  int64_t middle = kMiddle;
  prefill(target, levels);
  for (uint64_t i = 0; i < timed_; ++i) {
    if (!deep && random_.below(200) == 0) {
      middle += random_.below(2) != 0 ? 1 : -1;
      middle = std::clamp(middle, kMiddle - levels / 10, kMiddle + levels / 10);
    }
    bool adds = live_count() < target * 9 / 10;
    if (!adds && live_count() <= target * 11 / 10) adds = random_.below(2) != 0;
    if (adds) add_around(middle, levels, deep);
    else cancel_any();
  }
}

// One in a hundred reaches 1 to 5 ticks through the middle, except in the deep book.
void Generator::add_around(int64_t middle, int64_t levels, bool deep) {
  const uint8_t side = random_.side();
  int64_t distance = 1 + random_.below(levels);
  if (!deep && random_.below(100) == 0) distance = -(1 + random_.below(5));
  limit_off(side, middle, distance);
}

// W2.
void Generator::crossing() {
  constexpr int64_t kTarget = 10'000;
  prefill(kTarget, 200);
  for (uint64_t i = 0; i < timed_; ++i) {
    const int64_t live = live_count();
    const int64_t cancel_permille =
        live > kTarget * 11 / 10 ? 500 : live < kTarget * 9 / 10 ? 0 : 150;
    if (random_.below(1'000) < cancel_permille) {
      cancel_any();
      continue;
    }
    const uint8_t side = random_.side();
    const int64_t bid = book_.best_bid() != 0 ? book_.best_bid() : kMiddle - 1;
    const int64_t ask = book_.best_ask() != 0 ? book_.best_ask() : kMiddle + 1;
    if (random_.below(1'000) < 450) add_aggressive(side, bid, ask);
    else add_at_touch(side, bid, ask);
  }
}

void Generator::add_aggressive(uint8_t side, int64_t bid, int64_t ask) {
  const int64_t through = random_.below(4);
  limit(side, side == kBuy ? ask + through : bid - through, random_.lots(120));
}

// The product of two uniform draws crowds the orders at the touch.
void Generator::add_at_touch(uint8_t side, int64_t bid, int64_t ask) {
  constexpr int64_t kLevels = 200;
  const int64_t middle = (bid + ask) / 2;
  const int64_t first = random_.below(kLevels);
  const int64_t distance = 1 + first * random_.below(kLevels) / kLevels;
  const int64_t price = side == kBuy ? std::min(middle - distance + 1, ask - 1)
                                     : std::max(middle + distance, bid + 1);
  limit(side, std::clamp(price, kMiddle - 20'000, kMiddle + 20'000), random_.lots(100));
}

// W4.
void Generator::sweeping() {
  constexpr int64_t kSweepableMin = 8'000;
  constexpr int64_t kRestingMax = 22'000;
  constexpr uint32_t kLotsPerLevel = 505;  // about ten orders of 50.5
  while (live_count() < 20'000) {
    // The published streams draw the distance before the side here.
    const int64_t distance = 1 + random_.below(1'000);
    limit_off(random_.side(), kMiddle, distance);
  }
  flow_.header.prefill = flow_.records.size();
  int64_t resting[2] = {0, 0};
  for (int64_t i = 0; i < live_count(); ++i) ++resting[book_.side_of(book_.live(i))];
  for (uint64_t i = 0; i < timed_; ++i) {
    const bool sweeps = random_.below(400) == 0;
    if (sweeps && resting[kBuy] >= kSweepableMin && resting[kSell] >= kSweepableMin) {
      const uint8_t side = random_.side();
      const auto levels = static_cast<uint32_t>(20 + random_.below(41));
      const int64_t before = live_count();
      market(side, levels * kLotsPerLevel);
      resting[1 - side] -= before - live_count();
    } else if (live_count() > kRestingMax) {
      --resting[cancel_any()];
    } else {
      refill(resting);
    }
  }
}

// The thinner side; four in five into the band the last sweep has emptied.
void Generator::refill(int64_t (&resting)[2]) {
  constexpr int64_t kLevels = 1'000;
  uint8_t side = resting[kBuy] < resting[kSell] ? kBuy : kSell;
  if (resting[kBuy] == resting[kSell]) side = random_.side();
  const int64_t gap = side == kBuy ? kMiddle - book_.best_bid() : book_.best_ask() - kMiddle;
  const int64_t reach = random_.below(5) != 0 ? std::max<int64_t>(gap + 4, 40) : kLevels;
  limit_off(side, kMiddle, std::min(1 + random_.below(reach), kLevels));
  ++resting[side];
}

OrderFlow Generator::finish() {
  FlowHeader& header = flow_.header;
  header.records = flow_.records.size();
  header.order_id_max = last_id_;
  header.price_min = int64_t{1} << 30;
  for (const FlowRecord& record : flow_.records) {
    if (record.kind != FlowKind::limit) continue;
    header.price_min = std::min(header.price_min, record.price);
    header.price_max = std::max(header.price_max, record.price);
  }
  header.expected = book_.result();
  return std::move(flow_);
}

int run(int argc, char** argv) {
  const std::string workload = argc > 1 ? argv[1] : "";
  if (argc < 3 || argc > 5 || workload.size() != 2 || workload < "W1" || workload > "W4") {
    std::fputs("usage: generate_order_flow W1|W2|W3|W4 FILE [SEED [TIMED_RECORDS]]\n", stderr);
    return 2;
  }
  const auto seed = static_cast<uint32_t>(argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 42);
  Generator generator(seed, argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 1'000'000);
  if (workload == "W2") generator.crossing();
  else if (workload == "W4") generator.sweeping();
  else generator.add_and_cancel(workload == "W3");
  const OrderFlow flow = generator.finish();
  if (!save_order_flow(argv[2], flow)) {
    std::fprintf(stderr, "%s: cannot be written\n", argv[2]);
    return 1;
  }
  const FlowHeader& header = flow.header;
  std::printf("%s seed %" PRIu32 ": prefill %" PRIu64 ", timed %" PRIu64 ", trades %" PRIu64
              ", resting %" PRIu64 ", levels %" PRIu64 ", hash %016" PRIx64 "\n",
              workload.c_str(), seed, header.prefill, header.records - header.prefill,
              header.expected.trades, header.expected.resting, header.expected.levels,
              header.expected.trade_hash);
  return 0;
}

}  // namespace
}  // namespace perpetua::bench

int main(int argc, char** argv) { return perpetua::bench::run(argc, argv); }
