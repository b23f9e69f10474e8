// What other processes take from Redis: API keys and budgets.
#include <random>

#include "stores/projection/key_directory.hpp"
#include "stores/projection/projection_test_support.hpp"
#include "stores/projection/shared_bucket.hpp"

namespace perpetua::projection {
namespace {

using namespace test;
using stores::KeyView;

// A second process: its own connections, its own cache, no hot store.
class OtherProcess {
 public:
  explicit OtherProcess(const redis::Options& options) : client(options) {
    std::string error;
    EXPECT_TRUE(client.start(error)) << error;
    keys = std::make_unique<KeyDirectory>(client, 5'000);
    bucket = std::make_unique<SharedBucket>(client, 5'000);
  }
  ~OtherProcess() {
    keys.reset();
    client.stop();
  }
  std::optional<KeyView> ask(const Sha256& sha256) {
    std::promise<std::optional<KeyView>> promise;
    keys->ask(sha256, [&](std::optional<KeyView> key) { promise.set_value(key); });
    return promise.get_future().get();
  }
  std::optional<BucketAnswer> take(const BucketRequest& request) {
    std::promise<std::optional<BucketAnswer>> promise;
    bucket->take(request, [&](std::optional<BucketAnswer> answer) { promise.set_value(answer); });
    return promise.get_future().get();
  }

  redis::Client client;
  std::unique_ptr<KeyDirectory> keys;
  std::unique_ptr<SharedBucket> bucket;
};

// An exchange with one agent, whose keys come and go by single batches.
class KeyExchange {
 public:
  explicit KeyExchange(const redis::Options& options) : client(options) {
    std::string error;
    EXPECT_TRUE(client.start(error)) << error;
    Command command(CommandType::register_agent);
    command.register_agent = RegisterAgent{};
    command.register_agent.wallet_length = 6;
    command.register_agent.key_sha256 = sha256(0);
    run(command, "wallet");
    projector = std::make_unique<Projector>(client, hot, ProjectorOptions{}, IntentArchive());
    projector->start();
  }
  ~KeyExchange() {
    projector->stop();
    client.stop();
  }
  static Sha256 sha256(uint8_t number) {
    Sha256 value{};
    value.fill(number);
    value[31] = 0xEE;
    return value;
  }
  // Returns when a reply would leave: the projection is written.
  uint32_t create(uint8_t number) {
    Command command(CommandType::create_key, 1);
    command.create_key = CreateKey{};
    command.create_key.key_sha256 = sha256(number);
    const Outcome outcome = run(command, {});
    return static_cast<uint32_t>(outcome.id);
  }
  void revoke(uint32_t key_id) {
    Command command(CommandType::revoke_key, 1);
    command.revoke_key = RevokeKey{};
    command.revoke_key.key_id = key_id;
    run(command, {});
  }

  redis::Client client;
  stores::HotStore hot;
  std::unique_ptr<Projector> projector;

 private:
  Outcome run(const Command& command, std::string_view text) {
    Command placed = command;
    placed.header.text_length = static_cast<uint16_t>(text.size());
    BatchOutput output;
    InlineExecutor executor;
    const BatchInput input{engine_.last_batch() + 1, 1'700'000'000'000, {&placed, 1}, text};
    engine_.apply(input, executor, output);
    const AppliedBatch batch{input.number,
                             input.log_time_ms,
                             output.first_event,
                             input.commands,
                             output.outcomes,
                             output.events,
                             text};
    hot.apply(batch);
    if (projector) {
      projector->apply(batch);
      EXPECT_TRUE(eventually([&] { return projector->status().acknowledged >= batch.number; }));
    }
    EXPECT_EQ(output.outcomes.front().code, ResultCode::ok);
    return output.outcomes.front();
  }
  Engine engine_;
};

TEST(KeyDirectory, a_key_works_elsewhere_from_its_reply_to_its_revocation) {
  redis::TestServer server;
  KeyExchange exchange(server.client_options());
  OtherProcess other(server.client_options());
  ASSERT_TRUE(eventually([&] { return other.keys->is_hearing(); }));
  for (uint8_t number = 1; number <= 10; ++number) {
    const Sha256 sha256 = KeyExchange::sha256(number);
    const auto unknown = other.ask(sha256);
    ASSERT_TRUE(unknown);
    EXPECT_EQ(unknown->agent, 0u) << "there is no such key, and that is not remembered";
    EXPECT_FALSE(other.keys->find(sha256));
    const uint32_t key_id = exchange.create(number);
    const auto created = other.ask(sha256);
    ASSERT_TRUE(created);
    EXPECT_EQ(created->agent, 1u);
    EXPECT_EQ(created->key_id, key_id);
    EXPECT_EQ(created->scopes, kScopesAll);
    // What the message of the creation has dropped may have to be asked for again.
    EXPECT_TRUE(eventually([&] { return other.ask(sha256) && other.keys->find(sha256); }));
    exchange.revoke(key_id);
    EXPECT_EQ(other.ask(sha256)->agent, 0u) << "at once for who asks";
    EXPECT_TRUE(eventually([&] { return !other.keys->find(sha256); })) << "soon for the cache";
  }
}

TEST(KeyDirectory, what_is_cached_does_not_count_once_the_writer_is_silent) {
  redis::TestServer server;
  auto exchange = std::make_unique<KeyExchange>(server.client_options());
  OtherProcess other(server.client_options());
  const Sha256 sha256 = KeyExchange::sha256(0);
  ASSERT_TRUE(eventually([&] {
    const auto key = other.ask(sha256);
    return key && key->agent == 1 && other.keys->find(sha256);
  }));
  exchange.reset();
  EXPECT_TRUE(eventually([&] { return !other.keys->find(sha256); }));
  EXPECT_EQ(other.ask(sha256)->agent, 1u) << "asking still works";
  server.kill();
  EXPECT_FALSE(other.ask(sha256)) << "nobody to ask";
}

// The same arithmetic in integers, one bucket.
struct NaiveBucket {
  int64_t full_at_us = 0;
  uint32_t take(const BucketRequest& request) {
    const int64_t interval_us = request.interval_ns / 1'000;
    full_at_us = std::max(full_at_us, request.now_us);
    full_at_us = std::max(full_at_us + request.spent * interval_us, request.now_us);
    uint32_t granted = 0;
    while (granted < request.wanted &&
           full_at_us + interval_us - request.now_us <= interval_us * request.burst) {
      full_at_us += interval_us;
      ++granted;
    }
    return granted;
  }
};

TEST(SharedBucket, grants_what_a_naive_bucket_grants) {
  redis::TestServer server;
  OtherProcess process(server.client_options());
  std::mt19937_64 random(7);
  const auto pick = [&](int64_t below) { return static_cast<int64_t>(random() % below); };
  for (int round = 0; round < 20; ++round) {
    NaiveBucket naive;
    BucketRequest request;
    const std::string budget = "round" + std::to_string(round) + ":mutations";
    request.budget = budget;
    // Hours: the key ends by the server's clock, these requests have one of their own.
    request.interval_ns = (10'000'000'000 + pick(200'000'000'000)) * 1'000;
    request.burst = static_cast<uint32_t>(1 + pick(60));
    request.now_us = 50'000'000'000;
    for (int i = 0; i < 200; ++i) {
      request.now_us += pick(3) == 0 ? 0 : pick(request.interval_ns / 1'000 * 4 + 1);
      request.wanted = static_cast<uint32_t>(pick(9));
      request.spent = pick(6) == 0 ? pick(9) - 4 : 0;
      const auto answer = process.take(request);
      ASSERT_TRUE(answer);
      ASSERT_EQ(answer->granted, naive.take(request)) << "round " << round << " step " << i;
      EXPECT_EQ(answer->full_in_us, naive.full_at_us - request.now_us);
      const int64_t room_us = request.interval_ns / 1'000 * request.burst - answer->full_in_us;
      EXPECT_EQ(answer->remaining, std::max<int64_t>(room_us / (request.interval_ns / 1'000), 0));
      EXPECT_EQ(answer->retry_in_us > 0,
                answer->granted == 0 && room_us < request.interval_ns / 1'000);
    }
  }
}

// At most `burst` in any second, entry by entry.
struct NaiveWindow {
  std::vector<int64_t> taken_us;
  uint32_t take(const BucketRequest& request) {
    std::erase_if(taken_us, [&](int64_t at) { return request.now_us - at >= 1'000'000; });
    for (int64_t i = 0; i < request.spent; ++i) taken_us.push_back(request.now_us);
    const uint32_t used = static_cast<uint32_t>(taken_us.size());
    const uint32_t room = used < request.burst ? request.burst - used : 0;
    const uint32_t granted = std::min({request.wanted, room, std::max((room + 3) / 4, 1u)});
    for (uint32_t i = 0; i < granted; ++i) taken_us.push_back(request.now_us);
    return granted;
  }
  // Until there is room for one.
  int64_t retry_us(const BucketRequest& request) const {
    return taken_us[taken_us.size() - request.burst] + 1'000'000 - request.now_us;
  }
};

TEST(SharedBucket, a_window_grants_what_a_naive_window_grants) {
  redis::TestServer server;
  OtherProcess process(server.client_options());
  std::mt19937_64 random(8);
  const auto pick = [&](int64_t below) { return static_cast<int64_t>(random() % below); };
  for (int round = 0; round < 20; ++round) {
    NaiveWindow naive;
    BucketRequest request;
    const std::string budget = "round" + std::to_string(round) + ":hub_intents";
    request.budget = budget;
    request.is_window = true;
    request.burst = static_cast<uint32_t>(1 + pick(60));
    request.now_us = 50'000'000'000;
    for (int i = 0; i < 200; ++i) {
      request.now_us += pick(3) == 0 ? 0 : pick(3'000'000 / request.burst);
      request.wanted = static_cast<uint32_t>(1 + pick(9));
      request.spent = pick(6) == 0 ? pick(4) : 0;
      const auto answer = process.take(request);
      ASSERT_TRUE(answer);
      ASSERT_EQ(answer->granted, naive.take(request)) << "round " << round << " step " << i;
      const auto used = static_cast<uint32_t>(naive.taken_us.size());
      EXPECT_EQ(answer->remaining, used < request.burst ? request.burst - used : 0);
      EXPECT_EQ(answer->full_in_us, naive.taken_us.back() + 1'000'000 - request.now_us);
      EXPECT_EQ(answer->retry_in_us, answer->granted == 0 ? naive.retry_us(request) : 0);
    }
  }
  EXPECT_NE(server.cli({"TTL", "rate:{round19:hub_intents}"}).substr(0, 2), "-1")
      << "it goes by itself";
}

TEST(SharedBucket, two_processes_at_once_get_one_budget) {
  redis::TestServer server;
  OtherProcess one(server.client_options()), two(server.client_options());
  std::atomic<uint32_t> granted{0};
  const auto drain = [&](OtherProcess& process) {
    BucketRequest request;
    request.budget = "7:mutations";
    request.interval_ns = 3'600'000'000'000;  // nothing flows in while the test runs
    request.burst = 500;
    request.wanted = 3;
    for (;;) {
      const auto answer = process.take(request);
      if (!answer || answer->granted == 0) return;
      granted += answer->granted;
    }
  };
  std::thread other([&] { drain(two); });
  drain(one);
  other.join();
  EXPECT_EQ(granted, 500u);
  EXPECT_NE(server.cli({"TTL", "rate:{7:mutations}"}).substr(0, 2), "-1") << "it goes by itself";
}

}  // namespace
}  // namespace perpetua::projection
