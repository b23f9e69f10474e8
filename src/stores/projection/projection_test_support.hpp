// For tests of the projection: a real Redis, a hot store that a mixed flow of commands moves on,
// and comparisons of both, key by key.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>

#include "base/decimal.hpp"
#include "stores/flow_test_support.hpp"
#include "stores/projection/account_reader.hpp"
#include "stores/projection/projector.hpp"
#include "stores/redis/test_server.hpp"

namespace perpetua::projection::test {

inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(90);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

// One exchange with its hot store, projected into one Redis.
class Exchange {
 public:
  explicit Exchange(const redis::Options& options, unsigned groups = 1, uint64_t seed = 1)
      : client(options), flow_(seed) {
    std::string error;
    EXPECT_TRUE(client.start(error, [this](const redis::Notice&) {
      const std::lock_guard lock(notice_mutex_);
      if (projector) projector->suspect();
    })) << error;
    trade(20);
    options_.groups = groups;
    options_.write_timeout_ms = 2'000;
    options_.check_every_ms = 50;
    restart();
  }
  ~Exchange() {
    projector->stop();
    client.stop();
  }

  // As a new process would: with another name, and nothing known of what Redis holds.
  void restart() {
    if (projector) projector->stop();
    options_.writer = "writer-" + std::to_string(++starts_);
    auto next = std::make_unique<Projector>(client, hot, options_, IntentArchive());
    if (on_acknowledged) next->on_acknowledged(on_acknowledged);
    next->start();
    const std::lock_guard lock(notice_mutex_);
    projector = std::move(next);
  }

  // The same with a pause between its requests.
  void restart_paced(int64_t write_every_ms) {
    options_.write_every_ms = write_every_ms;
    restart();
  }

  void trade(int batches) {
    for (int i = 0; i < batches; ++i) {
      const auto batch = flow_.next();
      hot.apply(batch.view());
      if (projector) projector->apply(batch.view());
    }
  }
  // Every batch is in Redis, and nothing is known to miss.
  void settle() {
    ASSERT_TRUE(eventually([&] {
      const ProjectorStatus status = projector->status();
      return status.acknowledged == status.collected && status.is_whole;
    })) << projector->status().last_error;
  }

  std::vector<redis::Reply> call(std::initializer_list<std::string_view> arguments,
                                 std::string_view key = {}) {
    redis::CallOptions options;
    options.timeout_ms = 5'000;
    return client.call(redis::Request(key, arguments), options);
  }
  std::set<std::string> keys();
  std::optional<AccountState> read(const AccountQuery& query);
  void expect_same();

  redis::Client client;
  stores::HotStore hot;
  std::unique_ptr<Projector> projector;
  std::function<void(BatchNumber)> on_acknowledged;  // on its thread, from the next restart on

 private:
  std::set<std::string> expected_keys();
  void expect_same_agent(AgentId agent);

  std::mutex notice_mutex_;  // notices come on the client's thread
  stores::test::Flow flow_;
  ProjectorOptions options_;
  int starts_ = 0;
};

inline std::set<std::string> only_in(const std::set<std::string>& a,
                                     const std::set<std::string>& b) {
  std::set<std::string> result;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(result, result.end()));
  return result;
}

inline std::set<std::string> Exchange::keys() {
  std::set<std::string> found;
  for (const redis::Endpoint& node : client.masters()) {
    std::string cursor = "0";
    do {
      redis::CallOptions options;
      options.node = node;
      const auto replies =
          client.call(redis::Request("", {"SCAN", cursor, "COUNT", "1000"}), options);
      if (replies.front().elements.size() != 2) return {"SCAN: " + replies.front().text};
      cursor = replies.front().elements[0].text;
      for (const auto& key : replies.front().elements[1].elements) found.insert(key.text);
    } while (cursor != "0");
  }
  return found;
}

inline std::optional<AccountState> Exchange::read(const AccountQuery& query) {
  std::promise<std::optional<AccountState>> promise;
  AccountReader reader(client, hot, 5'000, {});
  reader.read(query,
              [&](std::optional<AccountState> state) { promise.set_value(std::move(state)); });
  return promise.get_future().get();
}

inline std::set<std::string> Exchange::expected_keys() {
  const SlotGroups groups(options_.groups);
  std::set<std::string> expected = {std::string(kAssetsKey), std::string(kGroupsKey)};
  for (const std::string& key : {std::string(kAssetsKey), std::string(kGroupsKey)}) {
    expected.insert(groups.marker_key(groups.group_of(key)));
  }
  for (const auto& market : hot.markets()) {
    const std::string key = price_key(symbol_view(market.spec));
    expected.insert(key);
    expected.insert(groups.marker_key(groups.group_of(key)));
  }
  for (const AgentView& agent : hot.agents(0, 1'000)) {
    const unsigned group = groups.group_of(agent.id);
    for (const std::string& key : {agent_key(agent.id), balance_key(agent.id),
                                   groups.agent_index_key(group), groups.marker_key(group)}) {
      expected.insert(key);
    }
    for (const PositionView& row : hot.holdings(agent.id)) {
      expected.insert(position_key(agent.id, symbol_view(*hot.market_spec(row.market))));
      if (row.base.value != 0) expected.insert(agent_positions_key(agent.id));
    }
    for (const KeyView& key : hot.keys(agent.id)) {
      expected.insert(apikey_key(key.sha256));
      expected.insert(key_key(key.sha256));
      expected.insert(groups.key_index_key(groups.group_of(key.sha256)));
      expected.insert(groups.marker_key(groups.group_of(key.sha256)));
    }
    const std::string list = agent_intents_key(agent.id);
    const auto listed = call({"LRANGE", list, "0", "-1"}, list);
    if (!listed.front().elements.empty()) expected.insert(list);
    for (const OrderId id : parse_intent_list(listed.front())) {
      expected.insert(intent_key(agent.id, id));
    }
  }
  return expected;
}

inline void Exchange::expect_same_agent(AgentId agent) {
  const AccountQuery query{agent, true, true, 0};
  EXPECT_EQ(read(query), stores::read_account(hot, query)) << "agent " << agent;
  const std::string balance = balance_key(agent);
  EXPECT_EQ(call({"GET", balance}, balance).front().text,
            decimal_text(hot.account(agent)->free.value, kMicroDigits));
  const std::string list = agent_intents_key(agent);
  const auto listed = call({"LRANGE", list, "0", "-1"}, list);
  const auto ids = parse_intent_list(listed.front());
  EXPECT_EQ(std::set<OrderId>(ids.begin(), ids.end()).size(), ids.size()) << "one place each";
  uint64_t newer = UINT64_MAX;
  std::size_t closed = 0;
  for (const OrderId id : ids) {
    const auto order = hot.order(agent, id);
    if (!order) continue;  // closed so long ago that memory has dropped it
    EXPECT_LT(order->sequence, newer) << "newest first";
    newer = order->sequence;
    closed += order->is_open() ? 0 : 1;
    const auto state = read({agent, false, false, id});
    ASSERT_TRUE(state && state->intents.size() == 1) << "intent " << id;
    EXPECT_EQ(state->intents.front(), *order);
  }
  EXPECT_LE(closed, kClosedIntentsKept + 1);
  const std::string open = agent_positions_key(agent);
  std::set<std::string> symbols;
  const auto members = call({"SMEMBERS", open}, open);
  for (const auto& member : members.front().elements) {
    symbols.insert(member.text);
  }
  std::set<std::string> expected;
  for (const PositionView& row : hot.positions(agent)) {
    expected.emplace(symbol_view(*hot.market_spec(row.market)));
  }
  EXPECT_EQ(symbols, expected);
}

inline void Exchange::expect_same() {
  for (const AgentView& agent : hot.agents(0, 1'000)) {
    expect_same_agent(agent.id);
    for (const KeyView& key : hot.keys(agent.id)) {
      const std::string name = apikey_key(key.sha256);
      EXPECT_EQ(call({"GET", name}, name).front().text, std::to_string(agent.id));
    }
  }
  for (const auto& market : hot.markets()) {
    const std::string key = price_key(symbol_view(market.spec));
    EXPECT_EQ(call({"HGET", key, "mark"}, key).front().text,
              grid_text(market.mark.value, market.spec.tick_size_e9));
  }
  const std::set<std::string> found = keys();
  const std::set<std::string> expected = expected_keys();
  std::set<std::string> superfluous = only_in(found, expected);
  // A group whose last key went, as a revoked API key's does, keeps its marker.
  std::erase_if(superfluous, [](const std::string& key) { return key.starts_with("applied:"); });
  EXPECT_EQ(superfluous, std::set<std::string>()) << "too many";
  EXPECT_EQ(only_in(expected, found), std::set<std::string>()) << "missing";
}

}  // namespace perpetua::projection::test
