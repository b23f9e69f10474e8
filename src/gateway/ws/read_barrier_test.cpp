// Sockets in a process that follows another: what a client was told elsewhere is not ahead of it.
#include "gateway/far_side_test_support.hpp"
#include "gateway/ws/ws_test_client.hpp"

namespace perpetua::gateway::ws::test {
namespace {

using gateway::test::FakeBarrier;
using perpetua::test::limit;
using Io = TestGateway::Io;

struct Follower {
  bool answer_after(const std::function<void()>& catch_up) {
    if (!eventually([&] { return barrier.questions.count() > 0; })) return false;
    catch_up();
    barrier.questions.answer();
    return true;
  }
  FakeBarrier barrier;
  TestGateway gateway{{0, 0, 0}, TestGateway::no_limits(), Io::threaded, &barrier};
};

TEST(WsReadBarrier, a_resume_from_a_sequence_learnt_elsewhere_waits_for_it) {
  Follower follower;
  TestGateway& gateway = follower.gateway;
  const TestAgent agent = gateway.add_agent();
  TestClient client(gateway.port(), agent.key);
  client.next();
  const auto sequence = [&] { return gateway.hot.account(agent.id)->agent_sequence; };
  // An order of two events; the client has heard of the first one at another process.
  const uint64_t heard = sequence() + 1;
  client.send(subscribe("private", ",\"resume_from\":" + std::to_string(heard)));
  ASSERT_TRUE(follower.answer_after([&] {
    for (int i = 0; i < 3; ++i) gateway.run(limit(agent.id, Side::buy, 50'000, 1'000));
  }));
  const json::object answer = client.next_of("subscribed");
  EXPECT_EQ(number_of(answer, "seq"), static_cast<int64_t>(heard));
  EXPECT_EQ(number_of(answer, "last_seq"), static_cast<int64_t>(sequence()));
  for (uint64_t expected = heard + 1; expected <= sequence(); ++expected) {
    EXPECT_EQ(number_of(client.next(), "seq"), static_cast<int64_t>(expected));
  }
  gateway.run(limit(agent.id, Side::buy, 50'000, 1'000));
  EXPECT_EQ(number_of(client.next(), "seq"), number_of(answer, "last_seq") + 1);
}

TEST(WsReadBarrier, a_sequence_that_does_not_come_is_refused_and_not_skipped_to) {
  Follower follower;
  follower.barrier.is_immediate = true;
  const TestAgent agent = follower.gateway.add_agent();
  TestClient client(follower.gateway.port(), agent.key);
  const uint64_t last = follower.gateway.hot.account(agent.id)->agent_sequence;
  const json::object refused =
      client.ask(subscribe("private", ",\"resume_from\":" + std::to_string(last + 1)), 7);
  EXPECT_EQ(code_of(refused), "invalid_cursor");
  EXPECT_NE(text_of(refused.at("error").as_object(), "message").find("ahead"), std::string::npos);
  EXPECT_EQ(text_of(client.ask(subscribe("private"), 7), "type"), "subscribed");
}

TEST(WsReadBarrier, a_login_waits_and_what_is_sent_behind_it_comes_after_it) {
  Follower follower;
  TestClient client(follower.gateway.port());
  client.next();
  client.send(R"({"op":"auth","id":1,"key":"th_key-of-agent-1"})");
  client.send(
      R"({"op":"place","id":2,"market":"BTC-PERP","side":"buy","size":"0.01","price":"1"})");
  ASSERT_TRUE(follower.answer_after([&] { follower.gateway.add_agent(); }));
  EXPECT_EQ(number_of(client.next_of("authenticated"), "id"), 1);
  ASSERT_TRUE(follower.gateway.run_submitted(1));
  EXPECT_EQ(number_of(client.next_of("reply"), "id"), 2);
  EXPECT_EQ(follower.barrier.waits, 1) << "an order waits for nothing";
}

TEST(WsReadBarrier, a_socket_that_ends_while_it_waits_disturbs_nobody) {
  Follower follower;
  {
    TestClient client(follower.gateway.port());
    client.next();
    client.send(subscribe("trades", ",\"market\":\"BTC-PERP\""));
    ASSERT_TRUE(eventually([&] { return follower.barrier.questions.count() == 1; }));
    follower.gateway.stop();
    EXPECT_EQ(client.wait_closed(), 1001u);
  }
  ASSERT_TRUE(follower.answer_after([] {}));
  EXPECT_TRUE(eventually([&] { return follower.gateway.open_sockets() == 0; }));
}

}  // namespace
}  // namespace perpetua::gateway::ws::test
