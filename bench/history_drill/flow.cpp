#include "history_drill/flow.hpp"

#include <cstring>
#include <random>

#include "engine/test_support.hpp"

namespace perpetua::bench {
namespace {

constexpr int kAgents = 200;
constexpr int64_t kPrice = 60'000;
constexpr int kOrdersPerBatch = 400;

// Pairs of orders that trade, in two markets, among agents chosen at random; a price now and then.
class Market {
 public:
  std::vector<Batch> make(uint64_t fills) {
    std::vector<Batch> batches;
    batches.push_back(open());
    for (uint64_t done = 0; done < fills;) {
      batches.push_back(trade());
      for (const Event& event : batches.back().output.events) {
        done += event.header.type == EventType::fill ? 1 : 0;
      }
    }
    return batches;
  }

 private:
  void add(Batch& batch, Command command, std::string_view text = {}) {
    command.header.text_offset = static_cast<uint32_t>(batch.text.size());
    command.header.text_length = static_cast<uint16_t>(text.size());
    batch.text += text;
    batch.commands.push_back(command);
  }
  void add_price(Batch& batch, MarketId market) {
    Command command(CommandType::update_price, 0, market);
    command.update_price.price = Price(kPrice + pick(20));
    command.update_price.source_time_ms = batch.log_time_ms;
    add(batch, command);
  }
  Batch apply(Batch batch) {
    batch.number = engine_.last_batch() + 1;
    InlineExecutor executor;
    engine_.apply({batch.number, batch.log_time_ms, batch.commands, batch.text}, executor,
                  batch.output);
    return batch;
  }
  int64_t pick(int64_t below) {
    return std::uniform_int_distribution<int64_t>(0, below - 1)(random_);
  }

  Batch open() {
    Batch batch;
    batch.log_time_ms = now_ms_;
    for (const char* symbol : {"BTC-PERP", "ETH-PERP"}) {
      const MarketSpec spec = perpetua::test::make_spec(symbol);
      add(batch, Command(CommandType::create_market),
          {reinterpret_cast<const char*>(&spec), sizeof spec});
    }
    for (int agent = 1; agent <= kAgents; ++agent) {
      const std::string wallet = "wallet" + std::to_string(agent);
      Command command(CommandType::register_agent);
      command.register_agent = RegisterAgent{};
      command.register_agent.wallet_length = static_cast<uint16_t>(wallet.size());
      command.register_agent.start_balance_micro = 900'000'000'000;
      std::memcpy(command.register_agent.key_sha256.data(), &agent, sizeof agent);
      add(batch, command, wallet);
    }
    for (AgentId agent = 1; agent <= kAgents; ++agent) {
      for (MarketId market = 0; market < 2; ++market) {
        add(batch, perpetua::test::set_netting(agent, true, market));
      }
    }
    return apply(std::move(batch));
  }

  Batch trade() {
    Batch batch;
    now_ms_ += 200;
    batch.log_time_ms = now_ms_;
    for (MarketId market = 0; market < 2; ++market) add_price(batch, market);
    for (int i = 0; i < kOrdersPerBatch; ++i) {
      const auto agent = static_cast<AgentId>(1 + pick(kAgents));
      const Side side = pick(2) == 0 ? Side::buy : Side::sell;
      const int64_t price = kPrice + pick(9) - 4;
      add(batch, perpetua::test::limit(agent, side, price, 1'000, static_cast<MarketId>(i % 2)));
    }
    return apply(std::move(batch));
  }

  Engine engine_;
  std::mt19937_64 random_{7};
  int64_t now_ms_ = 1'700'000'000'000;
};

}  // namespace

std::vector<Batch> make_batches(uint64_t fills) { return Market().make(fills); }

}  // namespace perpetua::bench
