// Requests whose account, key or budget is asked for elsewhere, by a thread that answers when the
// test wants it to.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <thread>

#include "gateway/account_reads.hpp"
#include "gateway/auth/api_key.hpp"
#include "gateway/native/native_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;

class SharedAccounts final : public AccountReads {
 public:
  bool is_readable() const override { return is_up; }
  void read(const AccountQuery& query, Done done) override {
    questions.add([this, query, done] { done(answer(query)); });
  }
  std::function<std::optional<AccountState>(const AccountQuery&)> answer;
  std::atomic<bool> is_up{true};
  Questions questions;
};

class KeysElsewhere final : public SharedKeys {
 public:
  Answer find(const Sha256& sha256, stores::KeyView& out) const override {
    if (!is_up) return Answer::away;
    if (!cached || cached->sha256 != sha256) return Answer::ask;
    out = *cached;
    return Answer::known;
  }
  void ask(const Sha256& sha256, Done done) override {
    questions.add([this, sha256, done] {
      const bool is_known = stored && stored->sha256 == sha256;
      done(is_broken ? std::nullopt
                     : std::optional<stores::KeyView>(is_known ? *stored : stores::KeyView()));
    });
  }
  std::optional<stores::KeyView> cached, stored;
  std::atomic<bool> is_up{true};
  bool is_broken = false;
  Questions questions;
};

// The reply to a request that has to wait for one question.
HttpReply ask_and_answer(HttpClient& client, Questions& questions, std::string_view target) {
  HttpReply reply;
  std::thread sender([&] { reply = client.send("GET", target, {}); });
  EXPECT_TRUE(eventually([&] { return questions.count() > 0; }));
  questions.answer();
  sender.join();
  return reply;
}

TEST(SharedAccounts, an_account_is_what_the_shared_store_says_and_memory_without_it) {
  SharedAccounts accounts;
  accounts.is_up = false;
  TestExchange exchange(test_options(), true, {.accounts = &accounts});
  HttpClient client(exchange.port());
  const AgentId agent = register_agent(client, "w", "100");
  EXPECT_EQ(client.send("GET", "/api/v1/account", {}).text("free"), "100");

  accounts.is_up = true;
  accounts.answer = [&](const AccountQuery& query) {
    EXPECT_EQ(query.agent, agent);
    EXPECT_TRUE(query.with_holdings);
    auto state = stores::read_account(exchange.hot(), query);
    state->account.free = Micro(77'000'000);
    return state;
  };
  const HttpReply shared = ask_and_answer(client, accounts.questions, "/api/v1/account");
  EXPECT_EQ(shared.text("free"), "77");

  accounts.answer = [](const AccountQuery&) { return std::nullopt; };
  const HttpReply own = ask_and_answer(client, accounts.questions, "/api/v1/account");
  EXPECT_EQ(own.text("free"), "100") << "it could not be read after all";
}

TEST(SharedAccounts, positions_and_open_intents_too_and_the_same_bytes) {
  SharedAccounts accounts;
  accounts.is_up = false;
  TestExchange exchange(test_options(), true, {.accounts = &accounts});
  HttpClient maker(exchange.port()), taker(exchange.port());
  register_agent(maker, "maker", "100000");
  register_agent(taker, "taker", "100000");
  constexpr std::string_view kSell =
      R"({"market":"BTC-PERP","side":"sell","size":"0.01","price":"60000"})";
  ASSERT_EQ(maker.send("POST", "/api/v1/orders", kSell).status, 200);
  for (const char* price : {"60000", "55000"}) {
    const HttpReply reply = taker.send(
        "POST", "/api/v1/intents",
        std::string(R"({"market":"BTC-PERP","direction":"long","size_usdc":"500","reason":"r",)") +
            R"("limit_price":")" + price + R"("})");
    ASSERT_EQ(reply.status, 200) << reply.body;
  }
  accounts.answer = [&](const AccountQuery& query) {
    return stores::read_account(exchange.hot(), query);
  };
  for (const char* target : {"/api/v1/account", "/api/v1/positions", "/api/v1/positions/BTC-PERP",
                             "/api/v1/positions/ETH-PERP", "/api/v1/intents?status=open"}) {
    accounts.is_up = false;
    const HttpReply own = taker.send("GET", target, {});
    accounts.is_up = true;
    const HttpReply shared = ask_and_answer(taker, accounts.questions, target);
    EXPECT_EQ(shared.status, 200) << shared.body;
    EXPECT_EQ(shared.body, own.body) << target;
  }
}

TEST(SharedAccounts, a_store_that_is_behind_what_memory_has_shown_is_not_believed) {
  SharedAccounts accounts;
  accounts.is_up = false;
  TestExchange exchange(test_options(), true, {.accounts = &accounts});
  HttpClient client(exchange.port());
  const AgentId agent = register_agent(client, "w", "100");
  const auto before = stores::read_account(exchange.hot(), {.agent = agent});
  const auto deposit = [&] {
    Command command(CommandType::deposit, agent);
    command.money = MoveMoney();
    command.money.amount = Micro(1'000'000);
    EXPECT_EQ(exchange.run(command).code, ResultCode::ok);
  };
  deposit();  // told by a message before it is written
  accounts.is_up = true;
  accounts.answer = [&](const AccountQuery&) { return before; };
  for (const char* target : {"/api/v1/account", "/balance/agent_0001"}) {
    const HttpReply reply = ask_and_answer(client, accounts.questions, target);
    EXPECT_NE(reply.body.find("101"), std::string::npos) << reply.body;
  }
  // What happens while the question is on its way need not be in the answer.
  accounts.answer = [&](const AccountQuery& query) {
    auto state = stores::read_account(exchange.hot(), query);
    deposit();
    return state;
  };
  EXPECT_EQ(ask_and_answer(client, accounts.questions, "/api/v1/account").text("free"), "101");
}

TEST(SharedAccounts, the_root_api_shows_what_the_shared_store_says_and_the_same_bytes) {
  SharedAccounts accounts;
  accounts.is_up = false;
  TestExchange exchange(test_options(), true, {.accounts = &accounts});
  HttpClient maker(exchange.port()), taker(exchange.port());
  register_agent(maker, "maker", "100000");
  ASSERT_EQ(register_agent(taker, "taker", "100000"), 2u);
  constexpr std::string_view kSell =
      R"({"market":"BTC-PERP","side":"sell","size":"0.01","price":"60000"})";
  ASSERT_EQ(maker.send("POST", "/api/v1/orders", kSell).status, 200);
  std::vector<std::string> targets = {"/balance/agent_0002",   "/positions/agent_0002",
                                      "/portfolio/agent_0002", "/agents/agent_0002",
                                      "/pnl/agent_0002",       "/funding/predict/agent_0002",
                                      "/risk/agent_0002"};
  for (const char* more : {"", R"(,"limit_price":55000)"}) {
    const HttpReply reply =
        taker.send("POST", "/intents",
                   std::string(R"({"agent_id":"agent_0002","intent_type":"long","asset":"BTC",)") +
                       R"("size_usdc":500,"leverage":5,"reason":"r")" + more + "}");
    ASSERT_EQ(reply.status, 200) << reply.body;
    const auto intent = reply.object().at("intent").as_object();
    targets.push_back("/intents/" + std::string(intent.at("intent_id").as_string().c_str()));
    if (*more != '\0') continue;
    const auto position = reply.object().at("position").as_object();
    targets.push_back("/positions/" + std::string(position.at("position_id").as_string().c_str()) +
                      "/health");
  }
  bool is_other = false;
  accounts.answer = [&](const AccountQuery& query) {
    auto state = stores::read_account(exchange.hot(), query);
    if (is_other) {
      state->account.free -= Micro(10'000'000'000);
      for (auto& holding : state->holdings) holding.margin += Micro(1'000'000);
      for (auto& intent : state->intents) intent.leverage = 7;
    }
    return state;
  };
  for (const std::string& target : targets) {
    accounts.is_up = false;
    const HttpReply own = taker.send("GET", target, {});
    ASSERT_EQ(own.status, 200) << target << own.body;
    accounts.is_up = true;
    is_other = false;
    EXPECT_EQ(ask_and_answer(taker, accounts.questions, target).body, own.body) << target;
    if (target.starts_with("/funding")) continue;  // of its figures none has changed
    is_other = true;
    EXPECT_NE(ask_and_answer(taker, accounts.questions, target).body, own.body) << target;
  }
}

TEST(SharedKeys, a_key_that_only_the_shared_store_knows_works_and_is_waited_for) {
  KeysElsewhere keys;
  keys.is_up = false;
  TestExchange exchange(test_options(), true, {.keys = &keys});
  HttpClient client(exchange.port());
  const AgentId agent = register_agent(client, "w", "100");

  const ApiKey other = ApiKeySource(std::string_view()).make();
  stores::KeyView view;
  view.agent = agent;
  view.key_id = 99;
  view.scopes = kScopeRead;
  view.sha256 = other.sha256;
  keys.stored = view;
  keys.is_up = true;
  HttpClient stranger(exchange.port());
  stranger.key = other.text;
  EXPECT_EQ(ask_and_answer(stranger, keys.questions, "/api/v1/account").text("free"), "100");
  keys.cached = view;
  EXPECT_EQ(stranger.send("GET", "/api/v1/account", {}).status, 200) << "cached: nothing to ask";
  EXPECT_EQ(stranger.send("POST", "/api/v1/orders/cancel-all", "{}").status, 403) << "its scopes";

  keys.cached.reset();
  keys.stored.reset();
  EXPECT_EQ(ask_and_answer(stranger, keys.questions, "/api/v1/account").status, 401);
  keys.is_broken = true;
  EXPECT_EQ(ask_and_answer(stranger, keys.questions, "/api/v1/account").status, 401);
  EXPECT_EQ(ask_and_answer(client, keys.questions, "/api/v1/account").status, 200)
      << "nobody could be asked: memory knows this one";
}

}  // namespace
}  // namespace perpetua::gateway
