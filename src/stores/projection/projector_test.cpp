// The projector against real servers: what Redis holds equals the hot store, whatever happened to
// Redis meanwhile.
#include "stores/projection/projector.hpp"

#include <map>

#include "stores/projection/audit.hpp"
#include "stores/projection/projection_test_support.hpp"

namespace perpetua::projection {
namespace {

using namespace test;

// Trades on another thread until the scope ends.
class Trading {
 public:
  explicit Trading(Exchange& exchange) : exchange_(exchange), thread_([this] { run(); }) {}
  ~Trading() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    over_.notify_one();
    thread_.join();
  }
  // So many more batches were applied.
  void wait_for(int batches) {
    const int from = done_;
    ASSERT_TRUE(eventually([&] { return done_ >= from + batches; }));
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!is_over_) {
      lock.unlock();
      exchange_.trade(1);
      ++done_;
      lock.lock();
      over_.wait_for(lock, std::chrono::microseconds(500), [&] { return is_over_; });
    }
  }
  Exchange& exchange_;
  std::atomic<int> done_{0};
  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;
};

TEST(Projector, redis_shows_what_the_hot_store_shows_all_along_a_mixed_flow) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  for (int round = 0; round < 8; ++round) {
    exchange.settle();
    exchange.expect_same();
    if (HasFailure()) return;
    exchange.trade(100);
  }
  const ProjectorStatus status = exchange.projector->status();
  EXPECT_EQ(status.losses, 0u);
  EXPECT_EQ(status.failures, 0u);
}

TEST(Projector, batches_of_an_interval_share_a_request) {
  constexpr int64_t kEveryMs = 500;
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.restart_paced(kEveryMs);
  exchange.settle();
  const uint64_t before = exchange.projector->status().requests;
  const auto begin = std::chrono::steady_clock::now();
  Trading(exchange).wait_for(100);
  exchange.settle();
  exchange.expect_same();
  const auto took = std::chrono::steady_clock::now() - begin;
  const auto intervals = std::chrono::duration_cast<std::chrono::milliseconds>(took) / kEveryMs;
  EXPECT_LE(exchange.projector->status().requests - before,
            static_cast<uint64_t>(intervals.count()) + 2);
}

TEST(Projector, its_end_waits_for_no_interval_and_forgets_nothing) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.restart_paced(3'600'000);
  exchange.settle();
  exchange.trade(20);
  exchange.projector->stop();
  exchange.expect_same();
}

// Whoever is told that a batch is in Redis reads there: an intent that closed must not be open.
TEST(Projector, it_is_not_whole_while_redis_shows_an_intent_open_that_memory_has_dropped) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.trade(100);
  std::atomic<bool> is_over{false};  // nobody trades from here on
  std::atomic<int> stale{0};
  const auto is_same = [&](const AgentView& agent) {
    const AccountQuery query{agent.id, true, true, 0};
    return exchange.read(query) == stores::read_account(exchange.hot, query);
  };
  exchange.on_acknowledged = [&](BatchNumber) {
    if (!is_over || !exchange.projector->is_whole()) return;
    for (const AgentView& row : exchange.hot.agents(0, 1'000)) stale += is_same(row) ? 0 : 1;
  };
  exchange.restart_paced(3'600'000);
  exchange.settle();
  std::vector<std::pair<AgentId, OrderId>> open;
  for (const AgentView& row : exchange.hot.agents(0, 1'000)) {
    for (const auto& intent : stores::open_intents(exchange.hot, row.id)) {
      open.emplace_back(row.id, intent.order_id);
    }
  }
  ASSERT_TRUE(eventually([&] {
    exchange.trade(20);
    return std::any_of(open.begin(), open.end(), [&](const auto& intent) {
      return !exchange.hot.order(intent.first, intent.second);
    });
  }));
  const uint64_t rewritten = exchange.projector->status().agents_rewritten;
  is_over = true;
  exchange.projector->suspect();  // ends the interval
  exchange.settle();
  exchange.expect_same();
  EXPECT_GT(exchange.projector->status().agents_rewritten, rewritten);
  exchange.projector->stop();
  EXPECT_EQ(stale, 0);
}

TEST(Projector, what_is_flushed_away_under_load_comes_back) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.settle();
  {
    Trading trading(exchange);
    for (int i = 0; i < 10; ++i) {
      trading.wait_for(40);
      const uint64_t losses = exchange.projector->status().losses;
      exchange.call({"FLUSHALL"});
      ASSERT_TRUE(eventually([&] { return exchange.projector->status().losses > losses; }));
    }
  }
  exchange.settle();
  exchange.expect_same();
}

TEST(Projector, a_flush_is_noticed_and_repaired_while_nothing_is_written) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.trade(50);
  exchange.settle();
  exchange.call({"FLUSHALL"});
  ASSERT_TRUE(eventually([&] { return exchange.projector->status().losses == 1; }));
  exchange.settle();
  exchange.expect_same();
}

TEST(Projector, a_server_that_is_killed_and_starts_empty_is_filled_again) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.settle();
  {
    Trading trading(exchange);
    for (int i = 0; i < 3; ++i) {
      trading.wait_for(30);
      server.kill();
      trading.wait_for(30);
      const uint64_t losses = exchange.projector->status().losses;
      server.start();
      ASSERT_TRUE(eventually([&] { return exchange.projector->status().losses > losses; }));
    }
  }
  exchange.settle();
  exchange.expect_same();
}

TEST(Projector, a_server_that_comes_back_with_an_old_picture_is_put_right) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.trade(100);
  exchange.settle();
  server.cli({"SAVE"});
  exchange.trade(300);  // keys are revoked, positions closed, intents done among these
  exchange.settle();
  const std::set<std::string> before = exchange.keys();
  server.kill();
  server.start();
  exchange.settle();
  exchange.expect_same();
  EXPECT_EQ(only_in(exchange.keys(), before), std::set<std::string>())
      << "nothing that was gone is back";
}

TEST(Projector, a_server_that_stands_still_holds_nothing_up_and_gets_everything_afterwards) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.settle();
  server.pause();
  exchange.trade(400);  // returns: nobody waits for Redis
  ASSERT_TRUE(eventually([&] { return exchange.projector->status().failures > 0; }));
  EXPECT_FALSE(exchange.projector->status().is_whole);
  exchange.trade(100);
  server.resume();
  exchange.settle();
  exchange.expect_same();
}

TEST(Projector, evicted_keys_come_back) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.trade(200);
  exchange.settle();
  server.cli({"CONFIG", "SET", "maxmemory-policy", "allkeys-random"});
  server.cli({"CONFIG", "SET", "maxmemory", "1mb"});
  ASSERT_TRUE(eventually([&] {
    exchange.trade(1);
    return exchange.keys().size() < 100;
  }));
  server.cli({"CONFIG", "SET", "maxmemory", "0"});
  exchange.settle();
  ASSERT_TRUE(eventually([&] { return exchange.keys().size() > 300; }));
  exchange.settle();
  exchange.expect_same();
}

TEST(Projector, other_types_and_foreign_names_in_our_places_are_replaced) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.trade(100);
  exchange.settle();
  exchange.call({"DEL", agent_key(1), agent_intents_key(2)});
  exchange.call({"SET", agent_key(1), "nonsense"});
  exchange.call({"SET", agent_intents_key(2), "nonsense"});
  exchange.call({"DEL", price_key("BTC-PERP")});
  exchange.call({"RPUSH", price_key("BTC-PERP"), "nonsense"});
  exchange.trade(300);
  exchange.settle();
  exchange.expect_same();
}

TEST(Projector, a_restart_leaves_nothing_of_what_is_not_there_any_more) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.trade(100);
  exchange.settle();
  // As if an exchange with more agents and keys had been here.
  const std::string hex(64, 'a');
  exchange.call({"SET", "apikey:{" + hex + "}", "1"});
  exchange.call({"HSET", "key:{" + hex + "}", "agent_id", "1"});
  exchange.call({"SADD", "apikeys:{0}", hex});
  exchange.call({"SADD", "agents:{0}", "9999"});
  exchange.call({"HSET", "agent:{9999}", "agent_id", "9999"});
  exchange.call({"SET", "balance:{9999}", "5"});
  exchange.call({"RPUSH", "agent_intents:{9999}", "77"});
  exchange.call({"HSET", "intent:{9999}:77", "intent_id", "77"});
  exchange.call({"HSET", position_key(9999, "BTC-PERP"), "agent_id", "9999"});
  exchange.restart();
  exchange.settle();
  exchange.expect_same();
}

TEST(Projector, a_stop_leaves_everything_behind_even_right_after_a_flush) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.trade(200);
  exchange.settle();
  exchange.call({"FLUSHALL"});
  exchange.projector->stop();
  exchange.expect_same();
}

TEST(Projector, the_audit_finds_every_difference_and_nothing_else) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.trade(200);
  exchange.settle();
  std::vector<std::string> lines;
  const auto audited = [&] {
    lines.clear();
    const auto result = audit(exchange.client, exchange.hot, 1,
                              [&](const std::string& line) { lines.push_back(line); });
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.differences, lines.size());
    EXPECT_GT(result.keys, 50u);
    return lines;
  };
  EXPECT_EQ(audited(), std::vector<std::string>{});
  const std::string free = decimal_text(exchange.hot.account(1)->free.value, kMicroDigits);
  exchange.call({"HSET", agent_key(1), "free", "1"});
  EXPECT_EQ(audited(),
            (std::vector<std::string>{"agent:{1} free: Redis has 1, the exchange " + free}));
  exchange.call({"DEL", agent_key(1)});
  exchange.call({"SADD", agent_positions_key(2), "XYZ-PERP"});
  exchange.call({"SADD", "agents:{0}", "77"});
  exchange.call({"SADD", "apikeys:{0}", std::string(64, 'b')});
  EXPECT_EQ(audited(), (std::vector<std::string>{
                           "agent:{1}: missing", "agent_positions:{2}: other members",
                           "apikey:{" + std::string(64, 'b') + "}: the exchange has no such key",
                           "agent:{77}: the exchange has no such agent"}));
}

TEST(Projector, an_agents_row_is_written_behind_the_rest_of_it) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.trade(200);
  TouchedKeys touched;
  for (const AgentView& row : exchange.hot.agents(0, 1'000)) {
    touched.agents.push_back(row.id);
    for (const auto& held : exchange.hot.holdings(row.id)) {
      touched.holdings.push_back({row.id, held.market});
    }
    for (const auto& intent : stores::open_intents(exchange.hot, row.id)) {
      touched.intents.push_back({row.id, intent.sequence, intent.order_id});
    }
  }
  const SlotGroups groups(1);
  Markers markers(groups, "test");
  StateWriter writer(exchange.hot, groups, markers, IntentArchive());
  writer.begin();
  writer.write(touched);
  const redis::Request& request = writer.finish();
  std::map<std::string, std::size_t> rows;  // "{7}": its row's place
  std::map<std::string, std::size_t> rest;  // the last place of anything else of it
  for (std::size_t i = 0; i < request.size(); ++i) {
    const std::string_view wire = request.wire(i);
    const std::size_t tag = wire.find('{');
    if (tag == std::string_view::npos) continue;
    const std::string agent(wire.substr(tag, wire.find('}') - tag + 1));
    if (wire.find("\r\nagent:{") != std::string_view::npos) rows[agent] = i;
    for (const char* name : {"\r\nposition:{", "\r\nintent:{", "\r\nagent_intents:{"}) {
      if (wire.find(name) != std::string_view::npos) rest[agent] = i;
    }
  }
  EXPECT_FALSE(touched.intents.empty());
  ASSERT_GT(rest.size(), 1u);
  for (const auto& [agent, last] : rest) EXPECT_GT(rows.at(agent), last) << agent;
}

TEST(Projector, a_missing_row_is_a_failed_read_and_the_reader_says_so) {
  redis::TestServer server;
  Exchange exchange(server.client_options());
  exchange.trade(200);
  exchange.settle();
  AgentId agent = 0;
  for (const AgentView& row : exchange.hot.agents(0, 1'000)) {
    if (!exchange.hot.holdings(row.id).empty()) agent = row.id;
  }
  ASSERT_NE(agent, 0u);
  const auto held = exchange.hot.holdings(agent).front();
  exchange.call({"DEL", position_key(agent, symbol_view(*exchange.hot.market_spec(held.market)))});
  std::atomic<AgentId> missing{0};
  AccountReader reader(exchange.client, exchange.hot, 5'000, [&](AgentId id) { missing = id; });
  std::promise<std::optional<AccountState>> promise;
  reader.read({agent, true, false, 0}, [&](auto state) { promise.set_value(std::move(state)); });
  EXPECT_FALSE(promise.get_future().get());
  EXPECT_EQ(missing, agent);
  EXPECT_TRUE(exchange.read({agent, false, false, 0})) << "the account alone is there";
}

}  // namespace
}  // namespace perpetua::projection
