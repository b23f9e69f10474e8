// bench_book FILE.ofs...: order-flow files (see order_flow.hpp) through the book with a plain
// price-time matching loop: no margin, no events. One line per file; exit code 1 if a replay does
// not reach the result the file states.
//
// Cancels carry the order id the book gave, as clients do: one untimed replay collects those ids
// (the book gives the same ones every time). The node of a cancel is prefetched kLookahead
// records ahead, which a market that works in batches can do as well.
#include "bench/bench_support.hpp"
#include "bench/order_flow.hpp"
#include "engine/book/book.hpp"

namespace perpetua::bench {
namespace {

constexpr std::size_t kLookahead = 12;

// The order's number in the file travels as its agent: the book passes agents through unread.
struct Order {
  OrderId id = 0;  // cancels: what to cancel
  uint32_t number = 0;
  uint32_t price = 0;  // market orders: the far end
  uint32_t lots = 0;
  FlowKind kind = FlowKind::limit;
  Side side = Side::buy;
};

std::vector<Order> orders_of(const OrderFlow& flow) {
  std::vector<Order> orders;
  orders.reserve(flow.records.size());
  for (const FlowRecord& record : flow.records) {
    Order order;
    order.number = static_cast<uint32_t>(record.order_id);
    order.price = static_cast<uint32_t>(record.price);
    order.lots = record.lots;
    order.kind = record.kind;
    order.side = static_cast<Side>(record.side);
    if (record.kind == FlowKind::market) order.price = order.side == Side::buy ? UINT32_MAX : 0;
    orders.push_back(order);
  }
  return orders;
}

class Replay {
 public:
  Replay() : book_(0, Price(limits::kPriceMaxTicks)) {}

  // The slot in which the order rests, kNilSlot if it does not.
  uint32_t execute(const Order& order) {
    if (order.kind == FlowKind::cancel) {
      // One that is not there stays undone, and the final figures tell.
      const uint32_t slot = book_.find(order.id);
      if (slot != kNilSlot && book_.agent(slot) == order.number) take_out(slot);
      return kNilSlot;
    }
    const int64_t left = match(order);
    if (left == 0 || order.kind != FlowKind::limit) return kNilSlot;
    const uint32_t slot = book_.allocate(order.number, order.side);
    book_.insert(slot, Price(order.price), Lots(left));
    return slot;
  }

  void prefetch(const Order& order) const { book_.prefetch(order.id); }
  OrderId id(uint32_t slot) const { return book_.id(slot); }

  FlowResult result() const {
    FlowResult result = trades_;
    result.resting = book_.live_count();
    result.best_bid = book_.best(Side::buy).value;
    result.best_ask = book_.best(Side::sell).value;
    for (const Side side : {Side::buy, Side::sell}) {
      for (Price p = book_.best(side); p != Price(0); p = book_.next_level(side, p)) {
        ++result.levels;
        result.resting_lots += static_cast<uint64_t>(book_.level_lots(p).value);
      }
    }
    book_.check_invariants();
    return result;
  }

 private:
  // Returns the lots left.
  int64_t match(const Order& order) {
    int64_t left = order.lots;
    const Side makers = opposite(order.side);
    for (uint32_t maker = book_.front(makers); maker != kNilSlot; maker = book_.front(makers)) {
      const Price price = book_.price(maker);
      if (order.side == Side::buy ? price.value > order.price : price.value < order.price) break;
      const int64_t resting = book_.remaining(maker).value;
      const int64_t filled = std::min(resting, left);
      left -= filled;
      trades_.add_trade(order.number, book_.agent(maker), static_cast<uint64_t>(price.value),
                        static_cast<uint64_t>(filled));
      if (filled < resting) book_.reduce(maker, Lots(filled));
      else take_out(maker);
      if (left == 0) break;
    }
    return left;
  }

  void take_out(uint32_t slot) {
    book_.remove(slot);
    book_.release(slot);
  }

  Book book_;
  FlowResult trades_;
};

// Runs records [begin, end); `each` sees every record's index before it is executed.
template <class Each>
void run(Replay& replay, const std::vector<Order>& orders, std::size_t begin, std::size_t end,
         Each&& each) {
  for (std::size_t i = begin; i < end; ++i) {
    if (i + kLookahead < end) replay.prefetch(orders[i + kLookahead]);
    each(i);
  }
}

void collect_ids(const OrderFlow& flow, std::vector<Order>& orders) {
  std::vector<OrderId> ids(flow.header.order_id_max + 1);
  Replay replay;
  for (Order& order : orders) {
    if (order.kind == FlowKind::cancel) order.id = ids[order.number];
    const uint32_t slot = replay.execute(order);
    if (slot != kNilSlot) ids[order.number] = replay.id(slot);
  }
}

Measurement measure(const OrderFlow& flow) {
  std::vector<Order> orders = orders_of(flow);
  collect_ids(flow, orders);
  const std::size_t prefill = flow.header.prefill;
  Measurement measurement;
  for (int i = 0; i <= kTimedRuns && measurement.difference.empty(); ++i) {
    Replay replay;
    const auto execute = [&](std::size_t at) { replay.execute(orders[at]); };
    run(replay, orders, 0, prefill, execute);
    if (i < kTimedRuns) {
      const Stopwatch watch;
      run(replay, orders, prefill, orders.size(), execute);
      measurement.add_run(orders.size() - prefill, watch.seconds());
    } else {
      measurement.latencies_ticks.reserve(orders.size() - prefill);
      run(replay, orders, prefill, orders.size(), [&](std::size_t at) {
        const uint64_t before = clock_ticks();
        replay.execute(orders[at]);
        measurement.latencies_ticks.push_back(static_cast<uint32_t>(clock_ticks() - before));
      });
    }
    measurement.difference = replay.result().first_difference(flow.header.expected);
  }
  return measurement;
}

int run_files(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bench_book FILE.ofs...\n", stderr);
    return 2;
  }
  bool all_right = true;
  for (int i = 1; i < argc; ++i) {
    OrderFlow flow;
    const std::string fault = load_order_flow(argv[i], flow);
    if (!fault.empty()) {
      std::fprintf(stderr, "%s\n", fault.c_str());
      return 2;
    }
    all_right &= print_measurement(argv[i], measure(flow));
  }
  return all_right ? 0 : 1;
}

}  // namespace
}  // namespace perpetua::bench

int main(int argc, char** argv) { return perpetua::bench::run_files(argc, argv); }
