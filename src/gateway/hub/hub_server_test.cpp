// The root API through a real server, where the engine's time or its refusals must be steered.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <thread>

#include "gateway/server_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;
namespace json = boost::json;

struct Agent {
  std::string id;
  std::string key;
};

class HubServer : public testing::Test {
 protected:
  Agent add_agent(const std::string& wallet, int64_t fund = 100) {
    const HttpReply reply =
        client.send("POST", "/agents/register", R"({"wallet_address":")" + wallet + "\"}");
    EXPECT_EQ(reply.status, 200) << reply.body;
    const json::object body = reply.object();
    const Agent agent{body.at("agent").at("agent_id").as_string().c_str(),
                      body.at("api_key").as_string().c_str()};
    const std::string deposit =
        R"({"agent_id":")" + agent.id + R"(","amount":)" + std::to_string(fund) + "}";
    EXPECT_EQ(send(agent, "POST", "/deposit", deposit).status, 200);
    return agent;
  }
  HttpReply send(const Agent& agent, std::string_view method, const std::string& target,
                 const std::string& body = {}) {
    client.key = agent.key;
    HttpReply reply = client.send(method, target, body);
    client.key.clear();
    return reply;
  }
  // A bet of ten on BTC above 61,000 in a minute; its digits.
  std::string bet(const Agent& creator, const Agent& fader) {
    const HttpReply made =
        send(creator, "POST", "/signals",
             R"({"agent_id":")" + creator.id +
                 R"(","asset":"BTC","signal_type":"price_above","target_value":60050,)"
                 R"("stake_amount":10,"duration_hours":0.02})");
    EXPECT_EQ(made.status, 200) << made.body;
    const std::string id = made.object().at("signal").at("signal_id").as_string().c_str();
    const HttpReply faded = send(fader, "POST", "/signals/" + id + "/fade");
    EXPECT_EQ(faded.status, 200) << faded.body;
    return id.substr(id.find('_') + 1);
  }
  // So many that a market without fresh prices opens again.
  void push_fresh_prices(int64_t ticks) {
    for (uint32_t i = 0; i <= limits::kFreshUpdatesToResume; ++i) {
      exchange.advance(100);
      Command command(CommandType::update_price, 0, 0);
      command.update_price = UpdatePrice();
      command.update_price.price = Price(ticks);
      command.update_price.source_time_ms = exchange.now_ms();
      EXPECT_EQ(exchange.run(command).code, ResultCode::ok);
    }
    exchange.advance(100);
  }
  double total(const Agent& agent) {
    return json::parse(send(agent, "GET", "/balance/" + agent.id).body)
        .at("total")
        .to_number<double>();
  }

  TestExchange exchange;
  HttpClient client{exchange.port()};
};

TEST_F(HubServer, a_bet_is_settled_by_the_engine_and_told_to_each_side_once) {
  const Agent creator = add_agent("0xcreator_1");
  const Agent fader = add_agent("0xfader_0001");
  const std::string digits = bet(creator, fader);
  const std::string settle = "/bets/bet_" + digits + "/settle?price=1";
  EXPECT_EQ(send(creator, "POST", settle).code(), "not_expired");
  exchange.advance(73'000);
  EXPECT_EQ(send(creator, "POST", settle).code(), "not_expired") << "without a live mark it waits";
  push_fresh_prices(60'100);
  for (const Agent& agent : {creator, fader}) {
    const HttpReply told = send(agent, "POST", settle);
    ASSERT_EQ(told.status, 200) << told.body;
    EXPECT_EQ(told.text("winner_id"), creator.id);
    EXPECT_EQ(told.text("loser_id"), fader.id);
    EXPECT_NE(told.body.find(R"("payout":19.8,"protocol_fee":0.2})"), std::string::npos)
        << told.body;
    const HttpReply again = send(agent, "POST", settle);
    EXPECT_EQ(again.status, 400);
    EXPECT_EQ(again.code(), "already_settled");
  }
  EXPECT_DOUBLE_EQ(total(creator), 109.8);
  EXPECT_DOUBLE_EQ(total(fader), 90);
  const HttpReply signal = client.send("GET", "/signals/sig_" + digits);
  EXPECT_EQ(signal.text("status"), "settled");
  EXPECT_EQ(signal.text("winner_id"), creator.id);
  const json::object record = client.send("GET", "/agents/" + fader.id + "/betting").object();
  EXPECT_EQ(record.at("losses").as_int64(), 1);
  const json::object stats = client.send("GET", "/betting/stats").object();
  EXPECT_EQ(stats.at("pending_bets").as_int64(), 0);
  EXPECT_DOUBLE_EQ(stats.at("protocol_fees").to_number<double>(), 0.2);
}

TEST_F(HubServer, a_signal_nobody_faded_is_refunded_and_shown_as_cancelled) {
  const Agent creator = add_agent("0xcreator_1");
  const HttpReply made =
      send(creator, "POST", "/signals",
           R"({"agent_id":")" + creator.id +
               R"(","asset":"BTC","signal_type":"price_below","target_value":59000,)"
               R"("stake_amount":10,"duration_hours":0.02})");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_DOUBLE_EQ(total(creator), 90);
  const std::string id = made.object().at("signal").at("signal_id").as_string().c_str();
  exchange.advance(73'000);
  EXPECT_EQ(client.send("GET", "/signals/" + id).text("status"), "cancelled");
  EXPECT_DOUBLE_EQ(total(creator), 100);
  for (const char* status : {"expired", "cancelled", "all"}) {
    const HttpReply listed = client.send("GET", std::string("/signals?status=") + status);
    EXPECT_NE(listed.body.find(id), std::string::npos) << status;
  }
  const Agent fader = add_agent("0xfader_0001");
  EXPECT_EQ(send(fader, "POST", "/signals/" + id + "/fade").code(), "signal_expired");
}

TEST_F(HubServer, what_was_not_accepted_is_503_with_retry_after) {
  const Agent agent = add_agent("0xagent_0001");
  const std::string body = R"({"agent_id":")" + agent.id + R"(","amount":1})";
  const std::pair<runtime::SubmitResult, std::string> cases[] = {
      {runtime::SubmitResult::overloaded, "overloaded"},
      {runtime::SubmitResult::shutting_down, "exchange_unavailable"},
      {runtime::SubmitResult::unavailable, "exchange_unavailable"}};
  for (const auto& [result, code] : cases) {
    exchange.answer_with(result);
    const HttpReply reply = send(agent, "POST", "/deposit", body);
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.code(), code);
    EXPECT_EQ(reply.header("retry-after"), "1");
    EXPECT_FALSE(reply.text("detail").empty());
  }
  exchange.answer_with(runtime::SubmitResult::accepted);
  EXPECT_DOUBLE_EQ(total(agent), 100);
}

TEST_F(HubServer, a_signal_without_a_price_is_503_and_is_not_sequenced) {
  const MarketSpec spec = perpetua::test::make_spec("SOL-PERP");
  exchange.run(Command(CommandType::create_market),
               std::string_view(reinterpret_cast<const char*>(&spec), sizeof spec));
  const Agent agent = add_agent("0xagent_0001");
  const BatchNumber before = exchange.hot().applied_batch();
  const HttpReply reply = send(agent, "POST", "/signals",
                               R"({"agent_id":")" + agent.id +
                                   R"(","asset":"SOL","signal_type":"price_above",)"
                                   R"("target_value":60050,"stake_amount":10})");
  EXPECT_EQ(reply.status, 503) << reply.body;
  EXPECT_EQ(reply.code(), "price_unavailable");
  EXPECT_EQ(reply.header("retry-after"), "1");
  EXPECT_EQ(exchange.hot().applied_batch(), before);
}

TEST_F(HubServer, a_market_that_closes_before_the_intent_is_executed_is_no_503) {
  const Agent agent = add_agent("0xagent_0001");
  exchange.hold();
  HttpReply reply;
  std::thread sender([&] {
    reply = send(
        agent, "POST", "/intents",
        R"({"agent_id":")" + agent.id + R"(","intent_type":"long","asset":"BTC","size_usdc":20})");
  });
  EXPECT_TRUE(eventually([&] { return exchange.held() > 0; }));
  Command halt(CommandType::set_market_mode, 0, 0);
  halt.set_market_mode = SetMarketMode();
  halt.set_market_mode.mode = MarketMode::halted;
  EXPECT_EQ(exchange.run(halt).code, ResultCode::ok);
  exchange.release();
  sender.join();
  EXPECT_EQ(reply.status, 422) << reply.body;
  EXPECT_EQ(reply.code(), "market_halted");
  EXPECT_EQ(reply.header("retry-after"), "");
}

TEST_F(HubServer, a_defect_is_500_without_internal_text) {
  const Agent agent = add_agent("0xagent_0001");
  exchange.break_submit();
  const HttpReply reply =
      send(agent, "POST", "/deposit", R"({"agent_id":")" + agent.id + R"(","amount":1})");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.code(), "internal_error");
  EXPECT_EQ(reply.text("detail"), "Internal server error");
  EXPECT_FALSE(reply.text("request_id").empty());
  EXPECT_EQ(exchange.failure_lines().size(), 1u);
}

TEST_F(HubServer, a_new_agent_has_the_start_balance) {
  ServerOptions options = test_options();
  options.start_balance_micro = 10'000'000'000;
  TestExchange rich(options);
  HttpClient guest(rich.port());
  const HttpReply reply =
      guest.send("POST", "/agents/register", R"({"wallet_address":"0xrich_0001"})");
  const std::string id = reply.object().at("agent").at("agent_id").as_string().c_str();
  EXPECT_NE(guest.send("GET", "/agents/" + id).body.find(R"("balance":10000.0)"),
            std::string::npos);
}

TEST_F(HubServer, an_idempotency_key_of_a_registration_shows_the_key_once) {
  const Headers headers = {{"Idempotency-Key", "once"}};
  const std::string body = R"({"wallet_address":"0xtwice_001"})";
  const HttpReply first = client.send("POST", "/agents/register", body, headers);
  const HttpReply second = client.send("POST", "/agents/register", body, headers);
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_FALSE(first.text("api_key").empty());
  EXPECT_TRUE(second.text("api_key").empty());
  EXPECT_EQ(first.object().at("agent").at("agent_id"), second.object().at("agent").at("agent_id"));
}

}  // namespace
}  // namespace perpetua::gateway
