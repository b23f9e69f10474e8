// What memory has let go, asked for over the root API, after more intents, matches and ends of
// positions than are kept.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

#include "gateway/hub/format.hpp"
#include "gateway/server_test_support.hpp"
#include "stores/activity/activity.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;
namespace json = boost::json;
using hub::id_text;
using hub::IdKind;

constexpr std::size_t kTurns = 17'000;
constexpr std::size_t kDeposits = stores::activity_limits::kSettlementsMax + 1;
constexpr std::size_t kRefusals = stores::hot_limits::kViolationsMax + 1;

// Two agents whose positions turn with every trade: each one closes a position of both. The third
// has one position, one settlement and one refusal, long before all others.
class Story {
 public:
  explicit Story(bool has_history) : exchange(test_options(), has_history) {
    HttpClient client(exchange.port());
    exchange.set_price(0, 60'000);
    for (AgentId* agent : {&early, &maker, &taker}) {
      client.key.clear();
      *agent = register_agent(client, "0xagent_number_" + std::to_string(keys.size()), "1000000");
      keys.push_back(client.key);
    }
    for (const AgentId agent : {early, maker, taker}) {
      exchange.run(perpetua::test::set_netting(agent, true));
    }
    transfer(early, maker);
    tell_early();
    for (std::size_t turn = 0; turn < kTurns; ++turn) {
      if (turn % 1'000 == 0) exchange.set_price(0, 60'000);
      const Side side = turn % 2 == 0 ? Side::buy : Side::sell;
      trade(maker, taker, side, turn == 0 ? 1'000 : 2'000);
    }
    bound_leverage(taker);
    for (std::size_t i = 0; i < kRefusals; ++i) exceed_leverage(taker);
    for (std::size_t i = 0; i < kDeposits; ++i) {
      Command command(CommandType::deposit, taker);
      command.money.amount = Micro(1'000'000);
      exchange.run(command);
    }
  }

  void bound_leverage(AgentId agent) {
    Command command(CommandType::set_risk_limits, agent);
    command.set_risk_limits.fields = risk_bit(RiskLimit::leverage);
    command.set_risk_limits.limits.leverage_max = 1;
    ASSERT_EQ(exchange.run(command).code, ResultCode::ok);
  }
  void exceed_leverage(AgentId agent) {
    Command command = perpetua::test::limit(agent, Side::buy, 59'000, 1'000);
    command.place.leverage = 7;
    ASSERT_EQ(exchange.run(command).code, ResultCode::limit_exceeded);
  }

  OrderId intend(AgentId agent, Side side, int64_t lots) {
    Command command = perpetua::test::limit(agent, side, 60'000, lots);
    command.place.time_in_force = TimeInForce::ioc;
    command.place.flags = kIntent;
    return exchange.run(command).id;
  }
  OrderId trade(AgentId from, AgentId to, Side side, int64_t lots) {
    const Side other = side == Side::buy ? Side::sell : Side::buy;
    exchange.run(perpetua::test::limit(from, other, 60'000, lots));
    return intend(to, side, lots);
  }
  void transfer(AgentId from, AgentId to) {
    Command command(CommandType::transfer, from);
    command.money.amount = Micro(5'000'000);
    command.money.to_agent = to;
    ASSERT_EQ(exchange.run(command).code, ResultCode::ok);
  }
  void tell_early() {
    filled = trade(maker, early, Side::buy, 1'000);
    const auto& positions = exchange.hot().activity().positions();
    position = positions.open(early, 0)->id;
    match = exchange.hot().activity().matches().newest(1).front();
    trade(maker, early, Side::sell, 1'000);
    expired = intend(early, Side::buy, 1'000);
    bound_leverage(early);
    exceed_leverage(early);
  }

  TestExchange exchange;
  std::vector<std::string> keys;
  AgentId early = 0, maker = 0, taker = 0;
  OrderId filled = 0, expired = 0;
  uint64_t position = 0;
  stores::MatchView match;
};

class HubPast : public testing::Test {
 protected:
  static void SetUpTestSuite() { story_ = new Story(true); }
  static void TearDownTestSuite() {
    delete story_;
    story_ = nullptr;
  }
  HttpReply call(std::string_view method, const std::string& target, std::size_t who = 0,
                 const std::string& body = {}) {
    client.key = story_->keys[who];
    return client.send(method, target, body);
  }
  json::array rows(const std::string& target, std::string_view name, std::size_t who = 0) {
    const HttpReply reply = call("GET", target, who);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.object().at(name).as_array();
  }
  // The ids of a list: none twice.
  static std::vector<std::string> ids(const json::array& rows, std::string_view name) {
    std::vector<std::string> result;
    for (const json::value& row : rows) result.emplace_back(row.at(name).as_string());
    EXPECT_EQ(std::set<std::string>(result.begin(), result.end()).size(), result.size());
    return result;
  }
  const stores::Activity& activity() const { return story_->exchange.hot().activity(); }

  static Story* story_;
  HttpClient client{story_->exchange.port()};
};
Story* HubPast::story_ = nullptr;

TEST_F(HubPast, an_intent_that_memory_has_let_go_is_found_with_its_match) {
  ASSERT_FALSE(activity().intents().find(story_->filled)) << "the test needs more intents";
  const HttpReply reply = call("GET", "/intents/" + id_text(IdKind::intent, story_->filled));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.text("status"), "matched");
  EXPECT_EQ(reply.text("agent_id"), hub::agent_name(story_->early));
  EXPECT_EQ(reply.text("matched_with"), id_text(IdKind::intent, story_->match.maker_order));
  EXPECT_EQ(reply.text("matched_at"), hub::time_text(story_->match.time_ms));
  const HttpReply other = call("GET", "/intents/" + id_text(IdKind::intent, story_->expired));
  EXPECT_EQ(other.text("status"), "expired");
  for (const uint64_t id : {uint64_t{1}, story_->match.maker_order, uint64_t{1} << 60}) {
    EXPECT_EQ(call("GET", "/intents/" + id_text(IdKind::intent, id)).status, 404) << id;
  }
}

TEST_F(HubPast, cancelling_an_intent_of_long_ago_is_answered_in_the_order_of_checks) {
  const std::string path = "/intents/" + id_text(IdKind::intent, story_->filled);
  EXPECT_EQ(call("DELETE", path).code(), "intent_not_open");
  EXPECT_EQ(call("DELETE", path).status, 400);
  EXPECT_EQ(call("DELETE", path, 1).status, 403) << "another agent's";
  EXPECT_EQ(call("DELETE", "/intents/int_000000000001").status, 404);
}

TEST_F(HubPast, lists_of_intents_go_on_in_history_without_gap_or_double) {
  const auto expired = ids(rows("/intents?status=expired&limit=500", "intents"), "intent_id");
  EXPECT_EQ(expired, std::vector<std::string>{id_text(IdKind::intent, story_->expired)});
  const auto newest = ids(rows("/intents?status=all&limit=5", "intents"), "intent_id");
  ASSERT_EQ(newest.size(), 5u);
  const auto kept = activity().intents().newest({.market = kNoMarket, .state = {}, .limit = 5});
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(newest[i], id_text(IdKind::intent, kept[i].order.order_id));
  }
}

TEST_F(HubPast, a_match_that_memory_has_let_go_is_found) {
  const stores::MatchView& match = story_->match;
  ASSERT_FALSE(activity().matches().find(match.market, match.trade_id));
  const std::string id = id_text(IdKind::match, match.trade_id);
  const HttpReply reply = call("GET", "/matches/" + id);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.text("match_id"), id);
  EXPECT_EQ(reply.text("intent_a_id"), id_text(IdKind::intent, match.taker_order));
  EXPECT_EQ(reply.text("agent_b_id"), hub::agent_name(match.maker));
  EXPECT_EQ(call("GET", "/matches/" + id_text(IdKind::match, 1'000'000)).status, 404);
  EXPECT_EQ(ids(rows("/matches?limit=500", "matches"), "match_id").size(), 500u);
}

TEST_F(HubPast, a_position_that_memory_has_let_go_is_closed_not_unknown) {
  ASSERT_FALSE(activity().positions().find(story_->position));
  const std::string path = "/positions/" + id_text(IdKind::position, story_->position);
  for (const char* action : {"/close", "/stop-loss", "/take-profit"}) {
    const HttpReply reply = call("POST", path + action, 0, R"({"price":50000})");
    EXPECT_EQ(reply.code(), "position_closed") << action << reply.body;
    EXPECT_EQ(call("POST", path + action, 1, R"({"price":50000})").status, 403) << action;
  }
  EXPECT_EQ(call("GET", path + "/health").code(), "position_closed");
  EXPECT_EQ(call("GET", path + "/health", 2).status, 403);
  EXPECT_EQ(call("GET", "/positions/pos_00000000000f/health").status, 404);
}

TEST_F(HubPast, closed_positions_are_listed_from_memory_and_then_from_history) {
  const std::string own = "/positions/" + hub::agent_name(story_->early) + "?include_closed=true";
  const auto early = ids(rows(own, "positions"), "position_id");
  EXPECT_EQ(early, std::vector<std::string>{id_text(IdKind::position, story_->position)});
  const std::string taker = "/positions/" + hub::agent_name(story_->taker) + "?include_closed=true";
  EXPECT_EQ(ids(rows(taker, "positions", 2), "position_id").size(), 501u) << "500 and the open one";
}

TEST_F(HubPast, settlements_of_both_sides_are_listed_from_history) {
  const stores::SettlementLog& kept = activity().settlements();
  ASSERT_TRUE(kept.newest(story_->early, 10).empty());
  const auto sent = rows("/settlements?agent_id=" + hub::agent_name(story_->early), "settlements");
  ASSERT_EQ(sent.size(), 2u) << "a transfer and a deposit";
  const auto got = rows("/settlements?agent_id=" + hub::agent_name(story_->maker), "settlements");
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0], sent[0]) << "one settlement, whoever asks";
  EXPECT_EQ(got[0].at("to_agent").as_string(), hub::agent_name(story_->maker));
  EXPECT_EQ(ids(rows("/settlements?limit=500", "settlements"), "settlement_id").size(), 500u);
}

TEST_F(HubPast, refusals_are_listed_from_history) {
  ASSERT_TRUE(story_->exchange.hot().violations(story_->early, 10).empty());
  const std::string own = "/risk/" + hub::agent_name(story_->early) + "/violations";
  const auto refusals = rows(own, "violations");
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].at("value").as_int64(), 7);
  const std::string other = "/risk/" + hub::agent_name(story_->taker) + "/violations?limit=500";
  EXPECT_EQ(ids(rows(other, "violations", 2), "violation_id").size(), 500u);
}

TEST_F(HubPast, while_history_is_behind_nothing_is_said_not_to_exist) {
  story_->exchange.hold_history();
  Command thought(CommandType::post_thought, story_->early);
  story_->exchange.run(thought, "history is behind now");
  const std::string unknown = "/intents/" + id_text(IdKind::intent, uint64_t{1} << 60);
  const HttpReply refused = call("GET", unknown);
  EXPECT_EQ(refused.code(), "exchange_unavailable") << refused.body;
  EXPECT_EQ(call("DELETE", unknown).status, 503);
  EXPECT_EQ(call("GET", "/matches?limit=500").status, 200) << "of memory alone";
  EXPECT_EQ(call("GET", "/intents?status=expired").status, 503);
  EXPECT_EQ(call("GET", "/intents/" + id_text(IdKind::intent, story_->filled)).status, 200);
  story_->exchange.release_history();
  EXPECT_EQ(call("GET", unknown).status, 404);
}

TEST(HubWithoutPast, what_memory_has_let_go_cannot_be_told_from_what_never_was) {
  const Story story(false);
  HttpClient client(story.exchange.port());
  client.key = story.keys[0];
  const std::string intent = "/intents/" + id_text(IdKind::intent, story.filled);
  for (const std::string& path :
       {intent, "/matches/" + id_text(IdKind::match, story.match.trade_id),
        "/positions/" + id_text(IdKind::position, story.position) + "/health"}) {
    const HttpReply reply = client.send("GET", path);
    EXPECT_EQ(reply.status, 503) << path << reply.body;
    EXPECT_EQ(reply.code(), "exchange_unavailable") << path;
  }
  EXPECT_EQ(client.send("GET", "/intents?status=all").status, 200);
  EXPECT_EQ(client.send("GET", "/intents/int_zzz").status, 404);
}

}  // namespace
}  // namespace perpetua::gateway
