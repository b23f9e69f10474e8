// bench_engine [--batch N] FILE.ofs...: order-flow files (see order_flow.hpp) through the whole
// engine: idempotency and agent checks, margin reservation, matching, positions, fees, settlement,
// events and outcomes. No journal. One line per file; exit code 1 if a command is refused or a
// replay does not reach the result the file states.
//
// 10,000 agents with netting and leverage 1 trade one market whose price bands are wide,
// self-trades allowed as the files assume. The rate is that of batches of N commands (default 256);
// the latencies are those of batches of one. Untimed replays, in batches of one and of N, collect
// the order ids that cancels name and check every trade; the timed ones must end in the same state.
#include <cstdlib>
#include <span>
#include <string_view>

#include "bench/bench_support.hpp"
#include "bench/order_flow.hpp"
#include "engine/engine.hpp"

namespace perpetua::bench {
namespace {

constexpr Price kMark(100'000);
constexpr int64_t kLogTimeMs = 1'700'000'000'000;
constexpr int64_t kFundsMicro = 50'000'000'000'000;
constexpr std::size_t kSetupBatch = 1'000;

MarketSpec wide_market() {
  MarketSpec spec;
  constexpr std::string_view kSymbol = "FLOW-PERP";
  std::memcpy(spec.symbol.data(), kSymbol.data(), kSymbol.size());
  spec.tick_size_e9 = 1'000'000'000;
  spec.lot_size_e9 = 1'000;
  spec.value_per_tick_lot_micro = 1;
  spec.price_min = Price(1'000);
  spec.price_max = Price(10'000'000);
  spec.notional_min = Micro(1);
  spec.position_notional_max = Micro(limits::kNotionalMaxMicro);
  spec.price_band_ppm = 900'000;
  spec.slippage_default_ppm = 900'000;
  spec.slippage_max_ppm = 900'000;
  spec.sell_reserve_buffer_ppm = 100'000;
  spec.tier_count = 1;
  spec.tiers[0] = {0, limits::kLeverageMax, 0};
  return spec;
}

Command command_of(const FlowRecord& record) {
  const auto agent = static_cast<AgentId>(record.user);
  if (record.kind == FlowKind::cancel) {
    Command command(CommandType::cancel_order, agent);
    command.cancel = CancelOrder{};
    return command;
  }
  Command command(CommandType::place_order, agent, 0);
  command.place = PlaceOrder{};
  command.place.price = Price(record.price);
  command.place.lots = Lots(record.lots);
  command.place.side = static_cast<Side>(record.side);
  command.place.leverage = 1;
  command.place.stp = SelfTradePrevention::allow;
  if (record.kind == FlowKind::market) command.place.kind = OrderKind::market;
  if (record.kind != FlowKind::limit) command.place.time_in_force = TimeInForce::ioc;
  return command;
}

class Exchange {
 public:
  explicit Exchange(uint32_t users) {
    const MarketSpec spec = wide_market();
    apply_one(Command(CommandType::create_market),
              {reinterpret_cast<const char*>(&spec), sizeof spec});
    Command price(CommandType::update_price, 0, 0);
    price.update_price = UpdatePrice{kMark, kLogTimeMs};
    apply_one(price);
    register_users(users);
  }

  // Counts what was refused. The output stays until the next call.
  void apply(std::span<const Command> commands, std::string_view text = {}) {
    engine_.apply({engine_.last_batch() + 1, kLogTimeMs, commands, text}, executor_, output_);
    for (const Outcome& outcome : output_.outcomes) {
      if (outcome.code != ResultCode::ok) [[unlikely]] refuse(outcome);
    }
  }
  void apply_one(const Command& command, std::string_view text = {}) {
    Command placed = command;
    placed.header.text_length = static_cast<uint16_t>(text.size());
    apply({&placed, 1}, text);
  }

  const Engine& engine() const { return engine_; }
  const BatchOutput& output() const { return output_; }
  // "" or how many commands were refused and why the first one was.
  std::string refusal() const {
    if (refused_ == 0) return "";
    return std::to_string(refused_) + " refused, first: " + std::string(refused_first_);
  }

 private:
  void refuse(const Outcome& outcome) {
    if (refused_++ == 0) refused_first_ = result_info(outcome.code).name;
  }
  void register_users(uint32_t users);

  Engine engine_;
  InlineExecutor executor_;
  BatchOutput output_;
  uint64_t refused_ = 0;
  std::string_view refused_first_;
};

// Agent ids are dense from 1, as the users of a file are.
void Exchange::register_users(uint32_t users) {
  std::vector<Command> commands;
  std::string text;
  const auto flush = [&] {
    apply(commands, text);
    commands.clear();
    text.clear();
  };
  for (uint32_t user = 1; user <= users; ++user) {
    const std::string wallet = "wallet-" + std::to_string(user);
    Command command(CommandType::register_agent);
    command.register_agent = RegisterAgent{};
    command.register_agent.wallet_length = static_cast<uint16_t>(wallet.size());
    command.register_agent.start_balance_micro = kFundsMicro;
    std::memcpy(command.register_agent.key_sha256.data(), &user, sizeof user);
    command.header.text_offset = static_cast<uint32_t>(text.size());
    command.header.text_length = static_cast<uint16_t>(wallet.size());
    text += wallet;
    commands.push_back(command);
    if (commands.size() == kSetupBatch || user == users) flush();
  }
  for (uint32_t user = 1; user <= users; ++user) {
    Command command(CommandType::set_netting, user, 0);
    command.set_netting = SetNetting{};
    command.set_netting.netting = 1;
    commands.push_back(command);
    if (commands.size() == kSetupBatch || user == users) flush();
  }
}

// What rests, from the engine's own description of its state.
class RestingSink final : public DescribeSink {
 public:
  explicit RestingSink(FlowResult& result) : result_(result) {}
  void on_event(const Event& event, std::string_view /*text*/) override {
    if (event.header.type != EventType::order_accepted) return;
    const OrderAccepted& order = event.order_accepted;
    ++result_.resting;
    result_.resting_lots += static_cast<uint64_t>(order.rested.value);
    prices_.push_back(order.price.value);
    if (order.side == Side::buy) {
      result_.best_bid = std::max(result_.best_bid, order.price.value);
    } else if (result_.best_ask == 0 || order.price.value < result_.best_ask) {
      result_.best_ask = order.price.value;
    }
  }
  void finish() {
    std::sort(prices_.begin(), prices_.end());
    const auto end = std::unique(prices_.begin(), prices_.end());
    result_.levels = static_cast<uint64_t>(end - prices_.begin());
  }

 private:
  FlowResult& result_;
  std::vector<int64_t> prices_;
};

// An untimed replay that looks at every event: folds the trades and remembers the final state.
class Rehearsal {
 public:
  Rehearsal(const OrderFlow& flow, std::size_t batch)
      : flow_(flow), batch_(batch), exchange_(flow.header.users) {}

  // Gives the cancels the ids of their orders. REQUIRES: batches of one.
  void collect_ids(std::vector<Command>& commands) {
    PERPETUA_ASSERT(batch_ == 1);
    std::vector<OrderId> ids(flow_.header.order_id_max + 1);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const FlowRecord& record = flow_.records[i];
      if (record.kind == FlowKind::cancel) {
        commands[i].cancel.order_id = ids[record.order_id];
      }
      run_batch(commands, i);
      if (record.kind != FlowKind::cancel) {
        ids[record.order_id] = exchange_.output().outcomes[0].id;
      }
    }
    finish();
  }
  void run(const std::vector<Command>& commands) {
    const std::size_t prefill = flow_.header.prefill;
    for (std::size_t i = 0; i < commands.size();) {
      // The same cuts as in a timed run: prefill and timed part share no batch.
      const std::size_t end = i < prefill ? prefill : commands.size();
      i += run_batch({commands.data(), end}, i);
    }
    finish();
  }

  // "" if the file's result was reached.
  std::string difference() const {
    const std::string refusal = exchange_.refusal();
    return refusal.empty() ? result_.first_difference(flow_.header.expected) : refusal;
  }
  uint64_t state_hash() const { return exchange_.engine().state_hash(); }

 private:
  std::size_t run_batch(std::span<const Command> commands, std::size_t begin) {
    const std::size_t count = std::min(batch_, commands.size() - begin);
    exchange_.apply(commands.subspan(begin, count));
    for (const Event& event : exchange_.output().events) add_event(event, begin);
    return count;
  }

  // A trade is the taker's fill and the maker's right after it.
  void add_event(const Event& event, std::size_t begin) {
    const bool is_accepted = event.header.type == EventType::order_accepted;
    if (!is_accepted && event.header.type != EventType::fill) return;
    const uint64_t number = flow_.records[begin + event.header.command].order_id;
    if (is_accepted) {
      const uint32_t slot = order_slot(event.order_accepted.order_id);
      if (slot >= owners_.size()) owners_.resize(slot + 1);
      owners_[slot] = number;
      return;
    }
    const Fill& fill = event.fill;
    if (fill.is_taker != 0) {
      taker_ = fill;
      return;
    }
    const bool is_pair = taker_.trade_id == fill.trade_id && taker_.price == fill.price &&
                         taker_.lots == fill.lots && owners_[order_slot(taker_.order_id)] == number;
    PERPETUA_ASSERT(is_pair);
    result_.add_trade(number, owners_[order_slot(fill.order_id)],
                      static_cast<uint64_t>(fill.price.value),
                      static_cast<uint64_t>(fill.lots.value));
  }

  void finish() {
    RestingSink sink(result_);
    exchange_.engine().describe(sink);
    sink.finish();
    exchange_.engine().check_invariants();
  }

  const OrderFlow& flow_;
  std::size_t batch_;
  Exchange exchange_;
  std::vector<uint64_t> owners_;  // slot -> number in the file
  Fill taker_;
  FlowResult result_;
};

// Applies [begin, end) in batches and calls each() around every one of them.
template <class Each>
void run(std::span<const Command> commands, std::size_t begin, std::size_t end, std::size_t batch,
         Each&& each) {
  for (std::size_t i = begin; i < end; i += batch) {
    each(commands.subspan(i, std::min(batch, end - i)));
  }
}

std::string difference_of(const Exchange& exchange, uint64_t state_hash) {
  const std::string refusal = exchange.refusal();
  if (!refusal.empty()) return refusal;
  return exchange.engine().state_hash() == state_hash ? "" : "another state than untimed";
}

Seconds timed_run(const OrderFlow& flow, const std::vector<Command>& commands, std::size_t batch,
                 uint64_t state_hash, std::string& difference) {
  Exchange exchange(flow.header.users);
  const std::size_t prefill = flow.header.prefill;
  const auto apply = [&](std::span<const Command> part) { exchange.apply(part); };
  run(commands, 0, prefill, batch, apply);
  const Stopwatch watch;
  run(commands, prefill, commands.size(), batch, apply);
  const Seconds seconds = watch.seconds();
  difference = difference_of(exchange, state_hash);
  return seconds;
}

// Ticks of each timed command in a batch of its own.
std::vector<uint32_t> latency_run(const OrderFlow& flow, const std::vector<Command>& commands,
                                  uint64_t state_hash, std::string& difference) {
  Exchange exchange(flow.header.users);
  const std::size_t prefill = flow.header.prefill;
  run(commands, 0, prefill, 1, [&](std::span<const Command> part) { exchange.apply(part); });
  std::vector<uint32_t> latencies;
  latencies.reserve(commands.size() - prefill);
  run(commands, prefill, commands.size(), 1, [&](std::span<const Command> part) {
    const uint64_t before = clock_ticks();
    exchange.apply(part);
    latencies.push_back(static_cast<uint32_t>(clock_ticks() - before));
  });
  difference = difference_of(exchange, state_hash);
  return latencies;
}

Measurement measure(const OrderFlow& flow, std::size_t batch) {
  std::vector<Command> commands;
  commands.reserve(flow.records.size());
  for (const FlowRecord& record : flow.records) commands.push_back(command_of(record));
  Measurement measurement;
  Rehearsal singles(flow, 1);
  singles.collect_ids(commands);
  Rehearsal batches(flow, batch);
  batches.run(commands);
  measurement.difference = singles.difference();
  if (measurement.difference.empty()) measurement.difference = batches.difference();
  const uint64_t batches_hash = batches.state_hash();
  for (int i = 0; i < kTimedRuns && measurement.difference.empty(); ++i) {
    const Seconds seconds = timed_run(flow, commands, batch, batches_hash, measurement.difference);
    measurement.add_run(commands.size() - flow.header.prefill, seconds);
  }
  if (measurement.difference.empty()) {
    measurement.latencies_ticks =
        latency_run(flow, commands, singles.state_hash(), measurement.difference);
  }
  return measurement;
}

int usage() {
  std::fprintf(stderr, "usage: bench_engine [--batch 1..%u] FILE.ofs...\n",
               limits::kBatchCommandsMax);
  return 2;
}

int run_files(int argc, char** argv) {
  std::size_t batch = 256;
  int first = 1;
  if (argc > 2 && std::string_view(argv[1]) == "--batch") {
    batch = std::strtoul(argv[2], nullptr, 10);
    first = 3;
  }
  if (first >= argc || batch < 1 || batch > limits::kBatchCommandsMax) return usage();
  bool all_right = true;
  for (int i = first; i < argc; ++i) {
    OrderFlow flow;
    const std::string fault = load_order_flow(argv[i], flow);
    if (!fault.empty()) {
      std::fprintf(stderr, "%s\n", fault.c_str());
      return 2;
    }
    all_right &= print_measurement(argv[i], measure(flow, batch));
  }
  return all_right ? 0 : 1;
}

}  // namespace
}  // namespace perpetua::bench

int main(int argc, char** argv) { return perpetua::bench::run_files(argc, argv); }
