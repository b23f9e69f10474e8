// Two servers with one Redis: what a client does at one counts at the other.
#include "redis_notes.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <boost/json.hpp>
#include <future>

#include "gateway/server_test_support.hpp"
#include "stores/redis/test_server.hpp"

namespace perpetua::app {
namespace {

using namespace gateway::test;
using gateway::NoteAnswer;
using gateway::NoteAsk;

constexpr int64_t kPatientMs = 5'000;

std::string base58(const std::vector<unsigned char>& bytes) {
  constexpr std::string_view kDigits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::vector<unsigned> digits;  // least first
  for (const unsigned byte : bytes) {
    unsigned carry = byte;
    for (unsigned& digit : digits) {
      carry += digit << 8;
      digit = carry % 58;
      carry /= 58;
    }
    for (; carry > 0; carry /= 58) digits.push_back(carry % 58);
  }
  std::string out;
  for (std::size_t i = 0; i < bytes.size() && bytes[i] == 0; ++i) out += kDigits[0];
  for (std::size_t i = digits.size(); i-- > 0;) out += kDigits[digits[i]];
  return out;
}

class Wallet {
 public:
  Wallet() : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")) {}
  ~Wallet() { EVP_PKEY_free(key_); }
  std::string name() const {
    std::vector<unsigned char> bytes(32);
    std::size_t size = bytes.size();
    EXPECT_EQ(EVP_PKEY_get_raw_public_key(key_, bytes.data(), &size), 1);
    return base58(bytes);
  }
  std::string sign(const std::string& text) const {
    unsigned char bytes[64];
    std::size_t size = sizeof bytes;
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EXPECT_EQ(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_), 1);
    EXPECT_EQ(EVP_DigestSign(context, bytes, &size,
                             reinterpret_cast<const unsigned char*>(text.data()), text.size()),
              1);
    EVP_MD_CTX_free(context);
    std::string out;
    for (const unsigned byte : bytes) {
      out += "0123456789abcdef"[byte >> 4];
      out += "0123456789abcdef"[byte & 0xF];
    }
    return out;
  }

 private:
  EVP_PKEY* key_;
};

// An exchange with a server of its own. All register the same agents, so these have one name each.
class Process {
 public:
  Process(const redis::TestServer& redis, const Wallet& wallet, int64_t timeout_ms = kPatientMs)
      : client_(redis.client_options()), wallet_(wallet) {
    std::string error;
    EXPECT_TRUE(client_.start(error)) << error;
    notes_ = std::make_unique<RedisNotes>(client_, timeout_ms);
    gateway::ServerOptions options = test_options();
    options.hub.token_secret = "secret of both servers";
    exchange_ = std::make_unique<TestExchange>(options, false, SharedParts{.notes = notes_.get()});
    http_ = std::make_unique<HttpClient>(exchange_->port());
    const HttpReply other = post("/agents/register", R"({"wallet_address":"0xagent_0001"})");
    key_ = other.text("api_key");
    const HttpReply own =
        post("/agents/register", R"({"wallet_address":")" + wallet.name() + R"("})");
    EXPECT_EQ(own.status, 200) << own.body;
  }
  ~Process() {
    http_.reset();
    exchange_->server().stop();
    client_.stop();  // no answer comes to the server from here on
  }

  HttpReply get(std::string_view target) { return http_->send("GET", target); }
  HttpReply post(std::string_view target, std::string_view body) {
    return http_->send("POST", target, body);
  }
  std::string challenge() {
    return get("/auth/challenge?wallet_address=" + wallet_.name()).text("message");
  }
  HttpReply login(const std::string& signature) {
    return post("/auth/login", R"({"wallet_address":")" + wallet_.name() + R"(","signature":")" +
                                   signature + R"("})");
  }
  void use_key() { http_->key = key_; }

 private:
  redis::Client client_;
  const Wallet& wallet_;
  std::unique_ptr<RedisNotes> notes_;
  std::unique_ptr<TestExchange> exchange_;
  std::unique_ptr<HttpClient> http_;
  std::string key_;
};

TEST(RedisNotes, a_challenge_of_one_server_is_good_at_the_other_and_once) {
  const redis::TestServer redis;
  const Wallet wallet;
  Process one(redis, wallet), two(redis, wallet);
  const std::string message = one.challenge();
  EXPECT_EQ(two.challenge(), message);
  const std::string signature = wallet.sign(message);
  EXPECT_EQ(two.login(wallet.sign("another text")).status, 401);
  const HttpReply reply = two.login(signature);
  EXPECT_EQ(reply.status, 200) << reply.body;
  for (Process* process : {&one, &two}) {
    EXPECT_EQ(process->login(signature).code(), "invalid_token");
    EXPECT_NE(process->challenge(), message);
  }
  EXPECT_EQ(one.login(wallet.sign(two.challenge())).status, 200);
}

TEST(RedisNotes, a_runtime_that_began_at_one_server_is_seen_and_ended_at_the_other) {
  const redis::TestServer redis;
  const Wallet wallet;
  Process one(redis, wallet), two(redis, wallet);
  one.use_key();
  two.use_key();
  const std::string_view status = "/runtime/agents/agent_0001/status";
  EXPECT_EQ(two.get(status).text("state"), "dormant");
  EXPECT_EQ(one.post("/runtime/agents/agent_0001/start",
                     R"({"strategy":"a \"wild\" one","markets":["BTC"]})")
                .status,
            200);
  const HttpReply shown = two.get(status);
  EXPECT_EQ(shown.text("state"), "active");
  EXPECT_EQ(shown.object().at("config").at("strategy").as_string(), "a \"wild\" one");
  const HttpReply ended = two.post("/runtime/agents/agent_0001/stop", "{}");
  EXPECT_NE(ended.text("message").find("stopped"), std::string::npos) << ended.body;
  EXPECT_EQ(one.get(status).text("state"), "stopped");
  EXPECT_EQ(one.get(status).object().at("config").at("strategy").as_string(), "a \"wild\" one");
  EXPECT_NE(one.post("/runtime/agents/agent_0001/stop", "{}").text("message").find("not running"),
            std::string::npos);
}

TEST(RedisNotes, a_runtime_that_is_not_as_we_write_it_counts_as_none) {
  const redis::TestServer redis;
  const Wallet wallet;
  Process one(redis, wallet);
  redis.cli({"SET", "runtime:{1}", "active {broken"});
  const HttpReply reply = one.get("/runtime/agents/agent_0001/status");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.text("state"), "dormant");
}

TEST(RedisNotes, an_agent_seen_by_one_server_is_online_at_the_other) {
  const redis::TestServer redis;
  const Wallet wallet;
  Process one(redis, wallet), two(redis, wallet);
  const auto is_online = [&] {
    return two.get("/agents/discover").body.find("\"online\":true") != std::string::npos;
  };
  EXPECT_FALSE(is_online());
  one.use_key();
  EXPECT_EQ(one.get("/me").status, 200);
  EXPECT_TRUE(eventually(is_online));
}

TEST(RedisNotes, without_redis_nobody_logs_in_and_nothing_else_fails) {
  redis::TestServer redis;
  const Wallet wallet;
  Process one(redis, wallet, 100);
  const std::string signature = wallet.sign(one.challenge());
  redis.kill();
  EXPECT_EQ(one.login(signature).code(), "exchange_unavailable");
  EXPECT_EQ(one.get("/runtime/agents/agent_0001/status").code(), "exchange_unavailable");
  one.use_key();
  EXPECT_EQ(one.post("/runtime/agents/agent_0001/start", "{}").code(), "exchange_unavailable");
  EXPECT_EQ(one.get("/me").status, 200);
}

class Notes : public testing::Test {
 protected:
  Notes() {
    std::string error;
    EXPECT_TRUE(client.start(error)) << error;
  }
  NoteAnswer ask(NoteAsk ask) {
    std::promise<NoteAnswer> got;
    notes.ask(std::move(ask), [&](NoteAnswer answer) { got.set_value(std::move(answer)); });
    return got.get_future().get();
  }
  std::optional<gateway::SharedNotes::Sightings> exchange(gateway::SharedNotes::Sightings ours,
                                                          uint32_t since_s) {
    std::promise<std::optional<gateway::SharedNotes::Sightings>> got;
    notes.exchange(std::move(ours), since_s, [&](auto news) { got.set_value(std::move(news)); });
    return got.get_future().get();
  }
  redis::TestServer redis;
  redis::Client client{redis.client_options()};
  RedisNotes notes{client, kPatientMs};
};

TEST_F(Notes, of_two_who_swap_the_second_is_told_and_a_note_ends_by_itself) {
  const NoteAsk spend{NoteAsk::Kind::swap, "told:{1}:5", {}, "1", 60'000};
  EXPECT_TRUE(ask(spend).is_done);
  const NoteAnswer late = ask(spend);
  EXPECT_TRUE(late.is_known);
  EXPECT_FALSE(late.is_done);
  EXPECT_EQ(ask({NoteAsk::Kind::read, "told:{1}:5", {}, {}, 0}).value, "1");
  EXPECT_GT(std::stoll(redis.cli({"PTTL", "told:{1}:5"})), 0);
}

TEST_F(Notes, sightings_are_the_newest_of_all_and_never_older_than_before) {
  EXPECT_TRUE(exchange({}, 0)->empty());
  constexpr uint32_t kNow = 1'800'000'000;
  exchange({{1, 10, kNow}, {2, 0, kNow - 100}}, 0);
  exchange({{1, 10, kNow - 50}}, kNow);
  redis.cli({"ZADD", "seen", std::to_string(kNow), "nonsense"});
  const auto news = exchange({}, kNow - 99);
  ASSERT_EQ(news->size(), 1u);
  EXPECT_EQ(news->front().agent, 1u);
  EXPECT_EQ(news->front().key_id, 10u);
  EXPECT_EQ(news->front().time_s, kNow);
  gateway::SharedNotes::Sightings many;
  for (uint32_t key = 1; key <= 1'200; ++key) many.push_back({key, key, kNow + 1});
  EXPECT_EQ(exchange(many, kNow + 1)->size(), many.size());
}

}  // namespace
}  // namespace perpetua::app
