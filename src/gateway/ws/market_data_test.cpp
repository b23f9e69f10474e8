// Public channels over a real socket: a client that believes nothing it cannot verify.
#include <map>
#include <random>

#include "base/decimal.hpp"
#include "gateway/ws/ws_test_client.hpp"

namespace perpetua::gateway::ws::test {
namespace {

using perpetua::test::cancel;
using perpetua::test::limit;

const std::string kBtc = R"(,"market":"BTC-PERP")";

// CRC-32 as docs/websocket.md defines it, bit by bit, independent of the server's.
uint32_t crc32(const std::string& text) {
  uint32_t crc = 0xFFFFFFFF;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
  }
  return ~crc;
}

// A client's book: texts as they came, ordered by value.
class ClientBook {
 public:
  // False if a sequence is missing or the checksum is not that of the book.
  bool apply(const json::object& message) {
    const int64_t given = number_of(message, "seq");
    if (text_of(message, "kind") == "snapshot") {
      bids_.clear();
      asks_.clear();
      ++snapshots;
    } else if (given != sequence + 1) {
      return false;
    }
    sequence = given;
    change(bids_, message.at("bids").as_array());
    change(asks_, message.at("asks").as_array());
    return static_cast<int64_t>(crc32(top())) == number_of(message, "checksum");
  }

  std::vector<std::pair<std::string, std::string>> bids() const {
    std::vector<std::pair<std::string, std::string>> levels;
    for (auto level = bids_.rbegin(); level != bids_.rend(); ++level) {
      levels.push_back(level->second);
    }
    return levels;
  }
  std::size_t levels() const { return bids_.size() + asks_.size(); }

  int64_t sequence = -1;
  int snapshots = 0;

 private:
  using Side = std::map<double, std::pair<std::string, std::string>>;

  static void change(Side& side, const json::array& levels) {
    for (const json::value& level : levels) {
      const std::string price(level.at(0).as_string().c_str());
      const std::string size(level.at(1).as_string().c_str());
      side.erase(std::stod(price));
      if (size != "0") side.emplace(std::stod(price), std::pair(price, size));
    }
  }

  std::string top() const {
    std::string text;
    auto bid = bids_.rbegin();
    auto ask = asks_.begin();
    const auto append = [&text](const std::pair<std::string, std::string>& level) {
      if (!text.empty()) text += ':';
      text += level.first + ":" + level.second;
    };
    for (int i = 0; i < 10; ++i) {
      if (bid != bids_.rend()) append((bid++)->second);
      if (ask != asks_.end()) append((ask++)->second);
    }
    return text;
  }

  Side bids_;
  Side asks_;
};

// Orders that come, go and trade around the mark.
std::vector<Command> random_orders(std::mt19937& random, AgentId maker, AgentId taker, int count) {
  std::vector<Command> commands;
  const auto pick = [&](int below) { return static_cast<int64_t>(random() % below); };
  for (int i = 0; i < count; ++i) {
    const Side side = pick(2) == 0 ? Side::buy : Side::sell;
    commands.push_back(limit(pick(3) == 0 ? taker : maker, side,
                             60'000 - sign(side) * (pick(200) - 8), 1'000 + pick(500)));
    if (pick(150) == 0) {
      commands.push_back(Command(CommandType::cancel_all, pick(2) == 0 ? maker : taker));
    }
  }
  return commands;
}

// What the bids of the first market are, as the wire writes them.
std::vector<std::pair<std::string, std::string>> bids_of(const TestGateway& gateway) {
  const MarketSpec& spec = *gateway.hot.market_spec(0);
  const auto book = gateway.hot.book(0, kBookLevels);
  std::vector<std::pair<std::string, std::string>> levels;
  for (const stores::BookLevel& level : book->bids) {
    levels.emplace_back(grid_text(level.price.value, spec.tick_size_e9),
                        grid_text(level.lots.value, spec.lot_size_e9));
  }
  return levels;
}

struct Traders {
  explicit Traders(TestGateway& gateway)
      : maker(gateway.add_agent()), taker(gateway.add_agent()) {
    for (const TestAgent& agent : {maker, taker}) {
      gateway.run(perpetua::test::set_netting(agent.id, true));
    }
  }
  TestAgent maker;
  TestAgent taker;
};

TEST(WsMarketDataTest, snapshot_and_deltas_are_the_book_at_every_sequence) {
  TestGateway gateway;
  const Traders traders(gateway);
  std::mt19937 random(1);
  gateway.run_all(random_orders(random, traders.maker.id, traders.taker.id, 300));
  TestClient client(gateway.port());
  EXPECT_EQ(text_of(client.ask(subscribe("book", kBtc), 7), "type"), "subscribed");
  ClientBook book;
  ASSERT_TRUE(book.apply(client.next_of("book")));
  EXPECT_GT(book.levels(), 100u);
  int deltas = 0;
  for (int batch = 0; batch < 100; ++batch) {
    const uint64_t frames = gateway.hub.frames_made();
    gateway.run_all(random_orders(random, traders.maker.id, traders.taker.id, 6));
    if (gateway.hub.frames_made() == frames) continue;  // the batch left the window as it was
    ASSERT_TRUE(book.apply(client.next_of("book"))) << batch;
    ++deltas;
  }
  EXPECT_GT(deltas, 50);
  EXPECT_EQ(book.snapshots, 1);
  EXPECT_EQ(book.bids(), bids_of(gateway));
}

TEST(WsMarketDataTest, a_change_below_the_window_is_no_message) {
  TestGateway gateway;
  const Traders traders(gateway);
  std::vector<Command> orders;
  for (int i = 0; i < static_cast<int>(kBookLevels); ++i) {
    orders.push_back(limit(traders.maker.id, Side::buy, 59'999 - i, 1'000));
  }
  gateway.run_all(orders);
  TestClient client(gateway.port());
  client.ask(subscribe("book", kBtc), 7);
  gateway.run(limit(traders.maker.id, Side::buy, 59'000, 1'000));
  EXPECT_EQ(gateway.hub.frames_made(), 0u);
  gateway.run(Command(CommandType::cancel_all, traders.maker.id));
  EXPECT_EQ(gateway.hub.frames_made(), 1u);
}

TEST(WsMarketDataTest, a_later_subscriber_joins_at_the_sequence_of_its_snapshot) {
  TestGateway gateway;
  const Traders traders(gateway);
  std::mt19937 random(2);
  TestClient first(gateway.port());
  first.ask(subscribe("book", kBtc), 7);
  for (int i = 0; i < 20; ++i) {
    gateway.run_all(random_orders(random, traders.maker.id, traders.taker.id, 5));
  }
  TestClient second(gateway.port());
  second.ask(subscribe("book", kBtc), 7);
  gateway.run(limit(traders.maker.id, Side::buy, 59'999, 777));
  ClientBook early;
  ClientBook late;
  ASSERT_TRUE(late.apply(second.next_of("book")));
  ASSERT_TRUE(late.apply(second.next_of("book")));
  while (early.sequence < late.sequence) ASSERT_TRUE(early.apply(first.next_of("book")));
  EXPECT_EQ(early.bids(), late.bids());
}

TEST(WsMarketDataTest, deltas_within_the_interval_are_merged) {
  TestGateway gateway({100, 100, 100});
  const Traders traders(gateway);
  std::mt19937 random(3);
  TestClient client(gateway.port());
  client.ask(subscribe("book", kBtc), 7);
  ClientBook book;
  ASSERT_TRUE(book.apply(client.next_of("book")));
  for (int i = 0; i < 200; ++i) {
    gateway.run_all(random_orders(random, traders.maker.id, traders.taker.id, 3));
  }
  while (book.bids() != bids_of(gateway)) ASSERT_TRUE(book.apply(client.next_of("book")));
  EXPECT_LT(book.sequence, 100);
}

TEST(WsMarketDataTest, a_message_is_serialised_once_whatever_the_number_of_sockets) {
  TestGateway gateway;
  const Traders traders(gateway);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<TestClient>(gateway.port()));
    clients.back()->ask(subscribe("trades", kBtc), 7);
  }
  const uint64_t frames = gateway.hub.frames_made();
  gateway.run_all({limit(traders.maker.id, Side::sell, 60'010, 2'000),
                   limit(traders.maker.id, Side::sell, 60'020, 2'000),
                   limit(traders.taker.id, Side::buy, 60'020, 3'000)});
  EXPECT_EQ(gateway.hub.frames_made(), frames + 1);
  for (const auto& client : clients) {
    const json::array trades = client->next_of("trades").at("trades").as_array();
    ASSERT_EQ(trades.size(), 2u);
    EXPECT_EQ(text_of(trades[0].as_object(), "price"), "60010");
    EXPECT_EQ(text_of(trades[1].as_object(), "size"), "0.001");
    EXPECT_EQ(text_of(trades[1].as_object(), "side"), "buy");
  }
}

TEST(WsMarketDataTest, nothing_is_serialised_for_nobody) {
  TestGateway gateway;
  const Traders traders(gateway);
  TestClient client(gateway.port());
  client.ask(subscribe("trades", R"(,"market":"ETH-PERP")"), 7);
  gateway.run_all({limit(traders.maker.id, Side::sell, 60'010, 2'000),
                   limit(traders.taker.id, Side::buy, 60'020, 2'000)});
  EXPECT_EQ(gateway.hub.frames_made(), 0u);
}

TEST(WsMarketDataTest, ticker_and_candles_follow_the_trades) {
  TestGateway gateway;
  const Traders traders(gateway);
  TestClient client(gateway.port());
  client.ask(subscribe("ticker", kBtc), 7);
  EXPECT_EQ(text_of(client.next_of("ticker"), "mark_price"), "60000");
  client.ask(subscribe("candles", kBtc + R"(,"interval":"1d")"), 7);
  gateway.run_all({limit(traders.maker.id, Side::sell, 60'010, 2'000),
                   limit(traders.taker.id, Side::buy, 60'020, 2'000)});
  EXPECT_EQ(text_of(client.next_of("ticker"), "last_price"), "60010");
  const json::object candle = client.next_of("candles");
  EXPECT_EQ(text_of(candle, "close"), "60010");
  EXPECT_EQ(text_of(candle, "volume"), "0.002");
  EXPECT_EQ(text_of(candle, "interval"), "1d");
  gateway.set_price(0, 60'100);
  EXPECT_EQ(text_of(client.next_of("ticker"), "index_price"), "60100");
}

TEST(WsMarketDataTest, thoughts_come_from_all_or_from_one_agent) {
  TestGateway gateway;
  const Traders traders(gateway);
  TestClient all(gateway.port());
  TestClient one(gateway.port());
  all.ask(subscribe("thoughts"), 7);
  one.ask(subscribe("thoughts", R"(,"agent_id":")" + std::to_string(traders.taker.id) + "\""), 7);
  const uint64_t frames = gateway.hub.frames_made();
  gateway.run(Command(CommandType::post_thought, traders.maker.id, 0), "going \"long\"");
  gateway.run(Command(CommandType::post_thought, traders.taker.id), "waiting");
  EXPECT_EQ(text_of(all.next_of("thoughts"), "text"), "going \"long\"");
  EXPECT_EQ(text_of(all.next_of("thoughts"), "text"), "waiting");
  EXPECT_EQ(text_of(one.next_of("thoughts"), "text"), "waiting");
  EXPECT_EQ(gateway.hub.frames_made(), frames + 2);
}

TEST(WsMarketDataTest, unsubscribing_ends_the_stream_and_subscribing_twice_is_refused) {
  TestGateway gateway;
  const Traders traders(gateway);
  TestClient client(gateway.port());
  client.ask(subscribe("book", kBtc), 7);
  EXPECT_EQ(code_of(client.ask(subscribe("book", kBtc), 7)), "invalid_request");
  const json::object done =
      client.ask(R"({"op":"unsubscribe","id":8,"channel":"book","market":"BTC-PERP"})", 8);
  EXPECT_EQ(text_of(done, "type"), "unsubscribed");
  gateway.run(limit(traders.maker.id, Side::buy, 59'999, 777));
  EXPECT_EQ(gateway.hub.frames_made(), 0u);
  client.send(R"({"op":"ping","id":9})");
  EXPECT_EQ(text_of(client.next(), "type"), "pong");
}

TEST(WsMarketDataTest, a_socket_holds_a_bounded_number_of_subscriptions) {
  TestGateway gateway;
  for (std::size_t i = 0; i <= kSubscriptionsMax; ++i) gateway.add_agent();
  const auto of_agent = [](std::size_t agent) {
    return subscribe("thoughts", R"(,"agent_id":")" + std::to_string(agent) + "\"");
  };
  TestClient client(gateway.port());
  std::size_t subscribed = 0;
  for (std::size_t agent = 1; agent <= kSubscriptionsMax;) {
    const json::object answer = client.ask(of_agent(agent), 7);
    if (code_of(answer) == "rate_limited") continue;
    ASSERT_EQ(text_of(answer, "type"), "subscribed");
    ++subscribed;
    ++agent;
  }
  EXPECT_EQ(subscribed, kSubscriptionsMax);
  json::object last;
  do {
    last = client.ask(of_agent(kSubscriptionsMax + 1), 7);
  } while (code_of(last) == "rate_limited");
  EXPECT_EQ(code_of(last), "invalid_request");
}

TEST(WsMarketDataTest, a_slow_socket_is_conflated_and_the_others_miss_nothing) {
  TestGateway gateway;
  const Traders traders(gateway);
  std::mt19937 random(4);
  TestClient slow(gateway.port(), {}, 4'096);
  TestClient quick(gateway.port());
  for (TestClient* client : {&slow, &quick}) client->ask(subscribe("book", kBtc), 7);
  ClientBook quick_book;
  ASSERT_TRUE(quick_book.apply(quick.next_of("book")));
  int64_t published = 0;
  for (int batch = 0; batch < 3'000; ++batch) {
    const uint64_t frames = gateway.hub.frames_made();
    gateway.run_all(random_orders(random, traders.maker.id, traders.taker.id, 40));
    if (gateway.hub.frames_made() == frames) continue;
    ++published;
    ASSERT_TRUE(quick_book.apply(quick.next_of("book")));
  }
  EXPECT_EQ(quick_book.snapshots, 1);
  ClientBook slow_book;
  int64_t received = 0;
  while (slow_book.sequence < quick_book.sequence) {
    ASSERT_TRUE(slow_book.apply(slow.next_of("book")));
    ++received;
  }
  EXPECT_GT(slow_book.snapshots, 1);
  EXPECT_LT(received, published);
  EXPECT_EQ(slow_book.bids(), quick_book.bids());
}

}  // namespace
}  // namespace perpetua::gateway::ws::test
