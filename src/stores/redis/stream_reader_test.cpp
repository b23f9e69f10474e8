// StreamReader against one real server: order, back-pressure, trimming, servers that go away.
#include <atomic>
#include <chrono>

#include "stores/redis/stream_test_support.hpp"

namespace perpetua::redis {
namespace {

using Lines = std::vector<std::string>;

TEST(RedisStreamReader, IdsAreReadAndWrittenInOneFormOnly) {
  EXPECT_EQ(parse_stream_id("17-3"), (StreamId{17, 3}));
  EXPECT_EQ(parse_stream_id("18446744073709551615-0"), (StreamId{UINT64_MAX, 0}));
  EXPECT_EQ(to_string(StreamId{17, 3}), "17-3");
  for (const char* bad :
       {"", "-", "17", "17-", "-3", "17-3x", " 17-3", "17--3", "18446744073709551616-0"}) {
    EXPECT_FALSE(parse_stream_id(bad)) << bad;
  }
}

TEST(RedisStreamReader, HandsOverWhatIsThereAndWhatComesInOrder) {
  TestServer server;
  StartedClient client(server.client_options());
  add_entry(client, "s", "consumed", "5-0");
  for (int i = 0; i < 100; ++i) add_entry(client, "s", std::to_string(i));
  one(client, Request("s", {"XADD", "s", "*", "other", "field"}));
  Basket basket;
  StreamReader reader(client, reader_of("s", {5, 0}), basket.handler());
  Lines wanted = numbers(100);
  wanted.emplace_back("(none)");
  EXPECT_TRUE(basket.becomes(wanted));
  add_entry(client, "s", "late");
  wanted.emplace_back("late");
  EXPECT_TRUE(basket.becomes(wanted));
  EXPECT_TRUE(std::ranges::is_sorted(basket.ids()));
  EXPECT_TRUE(reader.is_connected());
  EXPECT_EQ(reader.connects(), 1u);
}

TEST(RedisStreamReader, ReadsAStreamThatDoesNotExistYet) {
  TestServer server;
  StartedClient client(server.client_options());
  Basket basket;
  StreamReader reader(client, reader_of("s"), basket.handler());
  EXPECT_TRUE(comes_true([&] { return reader.is_connected(); }));
  add_entry(client, "s", "first");
  EXPECT_TRUE(basket.becomes({"first"}));
}

TEST(RedisStreamReader, ReadsByTheClock) {
  constexpr std::chrono::milliseconds kEvery{300};
  TestServer server;
  StartedClient client(server.client_options());
  Basket basket;
  StreamReaderOptions options = reader_of("s");
  options.read_every_ms = kEvery.count();
  StreamReader reader(client, std::move(options), basket.handler());
  EXPECT_TRUE(comes_true([&] { return reader.is_connected(); }));
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) add_entry(client, "s", std::to_string(i));
  EXPECT_TRUE(basket.becomes(numbers(10)));
  const auto took = std::chrono::steady_clock::now() - begin;
  const auto intervals = static_cast<uint64_t>(took / kEvery);
  EXPECT_LE(basket.offers(), intervals + 2);  // multiples may have come between them
}

TEST(RedisStreamReader, BehindAFullReadTheNextOneDoesNotWaitForTheClock) {
  TestServer server;
  StartedClient client(server.client_options());
  for (int i = 0; i < 130; ++i) add_entry(client, "s", std::to_string(i));
  Basket basket;
  StreamReaderOptions options = reader_of("s");
  options.read_every_ms = 3'600'000;
  StreamReader reader(client, std::move(options), basket.handler());
  EXPECT_TRUE(basket.becomes(numbers(130)));
  EXPECT_EQ(basket.offers(), 3u);  // 64, 64, 2
}

TEST(RedisStreamReader, WhatIsNotTakenIsOfferedAgainAndNothingMoreIsRead) {
  TestServer server;
  StartedClient client(server.client_options());
  for (int i = 0; i < 200; ++i) add_entry(client, "s", std::to_string(i));
  Basket basket;
  basket.set_room(10);
  StreamReader reader(client, reader_of("s"), basket.handler());
  EXPECT_TRUE(comes_true([&] { return basket.offers() > 5; }));
  EXPECT_EQ(basket.payloads(), numbers(10));
  const std::string stats = server.cli({"INFO", "commandstats"});
  EXPECT_NE(stats.find("cmdstat_xread:calls=1,"), std::string::npos) << stats;
  basket.set_room(SIZE_MAX);
  EXPECT_TRUE(basket.becomes(numbers(200)));
}

TEST(RedisStreamReader, GoesOnBehindTheLastEntryWhenTheServerIsBack) {
  TestServerOptions keeps_data;
  keeps_data.append_only = true;
  TestServer server(keeps_data);
  StartedClient client(server.client_options());
  Basket basket;
  StreamReader reader(client, reader_of("s"), basket.handler());
  for (int i = 0; i < 50; ++i) add_entry(client, "s", std::to_string(i));
  EXPECT_TRUE(basket.becomes(numbers(50)));
  basket.set_room(3);
  for (int i = 50; i < 100; ++i) add_entry(client, "s", std::to_string(i));
  EXPECT_TRUE(basket.becomes(numbers(53)));
  server.kill();
  EXPECT_TRUE(comes_true([&] { return !reader.is_connected(); }));
  server.start();
  EXPECT_TRUE(comes_true([&] { return reader.connects() == 2; }));
  basket.set_room(SIZE_MAX);
  EXPECT_TRUE(basket.becomes(numbers(100)));
}

// Its ids begin below the position: nobody would ever read its entries.
TEST(RedisStreamReader, AStreamThatBeginsAnewIsLiftedToThePosition) {
  TestServer server;
  StartedClient client(server.client_options());
  constexpr uint64_t kFarMs = 9'000'000'000'000;
  add_entry(client, "s", "far", "9000000000000-0");
  Basket basket;
  StreamReader reader(client, reader_of("s"), basket.handler());
  EXPECT_TRUE(basket.becomes({"far"}));
  one(client, Request("", {"FLUSHALL"}));
  EXPECT_TRUE(comes_true([&] { return reader.lifts() == 1; }));  // while connected
  add_entry(client, "s", "after FLUSHALL");
  EXPECT_TRUE(basket.becomes({"far", "after FLUSHALL"}));
  EXPECT_EQ(basket.ids().back(), (StreamId{kFarMs, 1}));
  server.kill();  // keeps nothing
  server.start();
  EXPECT_TRUE(comes_true([&] { return reader.lifts() == 2; }));
  add_entry(client, "s", "after the restart");
  EXPECT_TRUE(basket.becomes({"far", "after FLUSHALL", "after the restart"}));
  EXPECT_EQ(one(client, Request("s", {"XLEN", "s"})).integer, 1);  // the lift leaves no entry
}

TEST(RedisStreamReader, RemovesWhatIsNotNeededAnyMore) {
  TestServer server;
  StartedClient client(server.client_options());
  Basket basket;
  StreamReader reader(client, reader_of("s"), basket.handler());
  for (int i = 0; i < 10; ++i) add_entry(client, "s", std::to_string(i));
  EXPECT_TRUE(basket.becomes(numbers(10)));
  const auto length = [&] { return one(client, Request("s", {"XLEN", "s"})).integer; };
  reader.trim_before(basket.ids()[7]);
  reader.trim_before(basket.ids()[2]);  // never back
  EXPECT_TRUE(comes_true([&] { return length() == 3; }));
  StreamId behind = basket.ids().back();
  ++behind.sequence;
  reader.trim_before(behind);
  EXPECT_TRUE(comes_true([&] { return length() == 0; }));
  add_entry(client, "s", "10");
  EXPECT_TRUE(basket.becomes(numbers(11)));
}

TEST(RedisStreamReader, AServerThatDoesNotAnswerIsLeft) {
  TestServer server;
  StartedClient client(server.client_options());
  Basket basket;
  std::atomic<bool> is_told{false};
  StreamReaderOptions options = reader_of("s");
  options.answer_timeout_ms = 100;
  options.on_lost = [&](const std::string& why) {
    if (why == "s: no answer to XREAD") is_told = true;
  };
  StreamReader reader(client, options, basket.handler());
  add_entry(client, "s", "0");
  EXPECT_TRUE(basket.becomes(numbers(1)));
  server.pause();
  EXPECT_TRUE(comes_true([&] { return is_told.load(); }));
  server.resume();
  add_entry(client, "s", "1");
  EXPECT_TRUE(basket.becomes(numbers(2)));
}

TEST(RedisStreamReader, AKeyOfAnotherTypeIsToldAndTriedAgain) {
  TestServer server;
  StartedClient client(server.client_options());
  set(client, "s", "text");
  Basket basket;
  std::atomic<uint64_t> told{0};
  StreamReaderOptions options = reader_of("s");
  options.on_lost = [&](const std::string& why) {
    if (why.rfind("s: WRONGTYPE", 0) == 0) ++told;
  };
  StreamReader reader(client, options, basket.handler());
  EXPECT_TRUE(comes_true([&] { return told >= 2; }));
  one(client, Request("s", {"DEL", "s"}));
  add_entry(client, "s", "0");
  EXPECT_TRUE(basket.becomes(numbers(1)));
}

}  // namespace
}  // namespace perpetua::redis
