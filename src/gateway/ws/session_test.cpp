// A session without a socket, its io_context run by hand: what depends on who comes first.
#include "gateway/ws/session.hpp"

#include "gateway/ws/shard.hpp"
#include "gateway/ws/ws_test_support.hpp"

namespace perpetua::gateway::ws::test {
namespace {

using perpetua::test::limit;

class FakeSession final : public Session {
 public:
  using Session::Session;

  // What was written so far, as JSON; a write ends only when the test says so.
  std::vector<json::object> taken() { return std::exchange(written_, {}); }
  void finish_write() {
    if (std::exchange(is_writing_, false)) on_written(true);
  }
  bool is_aborted = false;
  bool has_ended_sending = false;
  int pings = 0;

 protected:
  void start_write(std::span<const Frame> frames) override {
    is_writing_ = true;
    for (const Frame& frame : frames) {
      if (frame == ping_frame()) ++pings;
      if ((*frame)[0] != '\x81') continue;
      written_.push_back(json::parse(std::string(frame_payload(*frame))).as_object());
    }
  }
  void end_sending() override { has_ended_sending = true; }
  void abort() override { is_aborted = true; }
  bool is_inside_message() const override { return false; }

 private:
  std::vector<json::object> written_;
  bool is_writing_ = false;
};

struct SessionTest : ::testing::Test {
  SessionTest()
      : gateway({0, 0, 0}, TestGateway::no_limits(), TestGateway::Io::by_hand),
        agent(gateway.add_agent()),
        session(std::make_shared<FakeSession>(Shard::of(gateway.context()))) {
    session->attach();
    Principal principal;
    principal.agent = agent.id;
    principal.key_id = agent.key_id;
    principal.scopes = kScopesAll;
    session->set_principal(principal);
  }
  ~SessionTest() override {
    session->on_input_ended();
    session->finish_write();
    session->on_read_ended();
  }
  // Everything the session has to say, write by write.
  std::vector<json::object> run_io() {
    gateway.io().restart();
    gateway.io().poll();
    std::vector<json::object> all;
    for (;;) {
      const std::vector<json::object> some = session->taken();
      if (some.empty()) return all;
      all.insert(all.end(), some.begin(), some.end());
      session->finish_write();
    }
  }
  void bid(int64_t price) { gateway.run(limit(agent.id, Side::buy, price, 1'000)); }

  TestGateway gateway;
  TestAgent agent;
  std::shared_ptr<FakeSession> session;
};

TEST_F(SessionTest, a_delta_that_the_snapshot_holds_already_is_skipped) {
  const Topic book(Channel::book, 0);
  gateway.hub.watch(book);  // somebody else, so that deltas are published
  bid(59'001);              // in the mailbox, not yet taken
  session->on_text(R"({"op":"subscribe","channel":"book","market":"BTC-PERP"})");
  bid(59'002);
  const std::vector<json::object> messages = run_io();
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(text_of(messages[1], "kind"), "snapshot");
  EXPECT_EQ(number_of(messages[1], "seq"), 1);
  EXPECT_EQ(text_of(messages[2], "kind"), "delta");
  EXPECT_EQ(number_of(messages[2], "seq"), 2);
}

TEST_F(SessionTest, private_events_before_the_subscription_are_skipped) {
  gateway.hub.watch_agent(agent.id, std::nullopt);
  bid(59'001);
  session->on_text(R"({"op":"subscribe","channel":"private"})");
  const auto start = static_cast<int64_t>(gateway.hot.account(agent.id)->agent_sequence);
  bid(59'002);
  const std::vector<json::object> messages = run_io();
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(number_of(messages[0], "seq"), start);
  EXPECT_EQ(number_of(messages[1], "seq"), start + 1);
  EXPECT_EQ(number_of(messages[2], "seq"), start + 2);
}

TEST_F(SessionTest, a_revocation_ends_the_private_stream_before_the_next_event) {
  session->on_text(R"({"op":"subscribe","channel":"private"})");
  run_io();
  gateway.revoke(agent);
  bid(59'001);
  const std::vector<json::object> messages = run_io();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(code_of(messages[0]), "unauthorized");
  EXPECT_EQ(session->principal().agent, 0u);
}

TEST_F(SessionTest, messages_of_one_round_leave_in_one_write) {
  session->on_text(R"({"op":"subscribe","channel":"private"})");
  run_io();
  for (int i = 0; i < 3; ++i) bid(59'001 + i);
  gateway.io().restart();
  gateway.io().poll();
  EXPECT_EQ(session->taken().size(), 6u);  // one write so far: accepted and balance of each
}

TEST_F(SessionTest, peers_that_came_together_are_not_all_asked_together) {
  constexpr int kPeers = 20;
  std::vector<std::shared_ptr<FakeSession>> peers;
  for (int i = 0; i < kPeers; ++i) {
    peers.push_back(std::make_shared<FakeSession>(Shard::of(gateway.context())));
    peers.back()->attach();
  }
  const int64_t start_ms = session->shard().now_ms();
  const auto asked_at = [&](int64_t idle_ms) {
    int asked = 0;
    for (const auto& peer : peers) peer->sweep(start_ms + idle_ms, 0);
    run_io();
    for (const auto& peer : peers) asked += peer->pings;
    return asked;
  };
  EXPECT_EQ(asked_at(kPingAfterMs - 1'000), 0);
  const int early = asked_at(kPingAfterMs + kPingSpreadMs / 2);
  EXPECT_GT(early, 0);
  EXPECT_LT(early, kPeers);
  EXPECT_EQ(asked_at(kPingAfterMs + kPingSpreadMs + 1'000), kPeers);
  for (const auto& peer : peers) {
    peer->on_input_ended();
    peer->finish_write();
    peer->on_read_ended();
  }
}

TEST_F(SessionTest, an_idle_peer_is_asked_and_then_closed) {
  const int64_t start_ms = session->shard().now_ms();
  session->sweep(start_ms + kPingAfterMs + kPingSpreadMs + 1, 0);
  session->sweep(start_ms + kIdleCloseAfterMs + 1, 0);
  run_io();
  session->finish_write();
  EXPECT_TRUE(session->has_ended_sending);
  EXPECT_FALSE(session->is_aborted);
  session->sweep(start_ms + kIdleCloseAfterMs + kCloseGraceMs + 1, 0);
  EXPECT_TRUE(session->is_aborted);
}

}  // namespace
}  // namespace perpetua::gateway::ws::test
