// Requests on the wire, replies off it, and what server errors and slot tables mean.
#include <gtest/gtest.h>

#include "stores/redis/reply_parser.hpp"
#include "stores/redis/request.hpp"
#include "stores/redis/server_error.hpp"
#include "stores/redis/slot_table.hpp"

namespace perpetua::redis {
namespace {

using Status = ReplyParser::Status;

TEST(RedisRequest, SlotsOfTheClusterSpecification) {
  EXPECT_EQ(key_slot("123456789"), 0x31C3);
  EXPECT_EQ(key_slot("foo"), 12'182);
  EXPECT_EQ(key_slot("{user1000}.following"), key_slot("{user1000}.followers"));
  EXPECT_EQ(key_slot("{user1000}.following"), key_slot("user1000"));
  EXPECT_EQ(key_slot("foo{bar}{zap}"), key_slot("bar"));
  EXPECT_EQ(key_slot("foo{{bar}}zap"), key_slot("{bar"));
  EXPECT_NE(key_slot("foo{}{bar}"), key_slot("bar"));  // an empty tag is none
  EXPECT_NE(key_slot("foo{bar"), key_slot("bar"));
}

TEST(RedisRequest, EncodesEachCommandBehindTheOther) {
  Request request("k", {"SET", "k", std::string_view("a\0b", 3)});
  request.add("", {"PING", ""});
  const std::string set("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\na\0b\r\n", 29);
  EXPECT_EQ(request.wire(0), set);
  EXPECT_EQ(request.wire(1), "*2\r\n$4\r\nPING\r\n$0\r\n\r\n");
  EXPECT_EQ(request.wire(), set + std::string(request.wire(1)));
  EXPECT_EQ(request.slot(0), key_slot("k"));
  EXPECT_EQ(request.slot(1), kAnyNode);
}

TEST(RedisRequest, ScriptGoesByNameAndCanGoWhole) {
  const Script script("return ARGV[1]");
  EXPECT_EQ(script.sha1(), "098e0f0d1448c0a81dafe820f66d460eb09263da");
  Request request("", {"PING"});
  request.add_script(script, {"key"}, {"value"});
  EXPECT_FALSE(request.is_script(0));
  ASSERT_TRUE(request.is_script(1));
  EXPECT_EQ(request.slot(1), key_slot("key"));
  EXPECT_EQ(request.wire_as_eval(1),
            "*5\r\n$4\r\nEVAL\r\n$14\r\nreturn ARGV[1]\r\n$1\r\n1\r\n$3\r\nkey\r\n$5\r\nvalue\r\n");
}

TEST(RedisReplyParser, EveryTypeInOneByteSteps) {
  const std::string bytes =
      "+OK\r\n-ERR no\r\n:-42\r\n$3\r\nabc\r\n$-1\r\n*-1\r\n*3\r\n:1\r\n*1\r\n$0\r\n\r\n+x\r\n";
  ReplyParser parser(1'000);
  std::vector<Reply> replies;
  for (const char byte : bytes) {
    parser.feed({&byte, 1});
    Reply reply;
    while (parser.next(reply) == Status::reply) replies.push_back(std::move(reply));
  }
  ASSERT_EQ(replies.size(), 7u);
  EXPECT_EQ(replies[0].text, "OK");
  EXPECT_TRUE(replies[0].is_string());
  EXPECT_TRUE(replies[1].is_error());
  EXPECT_EQ(replies[1].failure, Failure::none);
  EXPECT_EQ(replies[1].text, "ERR no");
  EXPECT_EQ(replies[2].integer, -42);
  EXPECT_EQ(replies[3].text, "abc");
  EXPECT_TRUE(replies[4].is_nil());
  EXPECT_TRUE(replies[5].is_nil());
  ASSERT_EQ(replies[6].elements.size(), 3u);
  EXPECT_EQ(replies[6].elements[0].integer, 1);
  ASSERT_EQ(replies[6].elements[1].elements.size(), 1u);
  EXPECT_TRUE(replies[6].elements[1].elements[0].is_string());
  EXPECT_EQ(replies[6].elements[2].text, "x");
}

TEST(RedisReplyParser, RefusesWhatIsNotTheProtocol) {
  for (const std::string_view bytes :
       {"HTTP/1.1 400\r\n", "*2\r\n%1\r\n", "$x\r\n", "*99999999999\r\n"}) {
    ReplyParser parser(1'000);
    parser.feed(bytes);
    Reply reply;
    EXPECT_EQ(parser.next(reply), Status::bad) << bytes;
    EXPECT_FALSE(parser.error().empty());
    EXPECT_EQ(parser.next(reply), Status::bad);
  }
}

TEST(RedisReplyParser, BoundsTheBytesOfOneReplyNotOfMany) {
  ReplyParser parser(100);
  Reply reply;
  for (int i = 0; i < 100; ++i) {
    parser.feed("$10\r\n0123456789\r\n");
    ASSERT_EQ(parser.next(reply), Status::reply);
    ASSERT_EQ(parser.next(reply), Status::more);
  }
  parser.feed("*3\r\n$60\r\n" + std::string(60, 'x') + "\r\n");
  ASSERT_EQ(parser.next(reply), Status::more);
  parser.feed("$60\r\n" + std::string(40, 'x'));
  EXPECT_EQ(parser.next(reply), Status::bad);
}

TEST(RedisReplyParser, BoundsTheElementsOfOneReply) {
  ReplyParser parser(SIZE_MAX);
  parser.feed("*2000000\r\n");
  std::string some;
  while (some.size() + 4 <= ReplyParser::kFeedBytesMax) some += ":1\r\n";
  Reply reply;
  std::size_t fed = 0;
  while (parser.next(reply) == Status::more) {
    parser.feed(some);
    fed += some.size() / 4;
  }
  EXPECT_FALSE(parser.error().empty());
  EXPECT_LE(fed, kReplyElementsMax + some.size() / 4);
}

TEST(RedisServerError, WhatIsTriedAgain) {
  EXPECT_EQ(verdict_of("MOVED 1 a:1"), Verdict::moved);
  EXPECT_EQ(verdict_of("ASK 1 a:1"), Verdict::ask);
  EXPECT_EQ(verdict_of("TRYAGAIN Multiple keys request during rehashing of slot"),
            Verdict::try_again);
  EXPECT_EQ(verdict_of("LOADING Redis is loading"), Verdict::try_again);
  EXPECT_EQ(verdict_of("CLUSTERDOWN Hash slot not served"), Verdict::cluster_down);
  EXPECT_EQ(verdict_of("NOSCRIPT No matching script."), Verdict::no_script);
  EXPECT_EQ(verdict_of("WRONGTYPE Operation against a key"), Verdict::final);
  EXPECT_EQ(verdict_of("MOVEDX"), Verdict::final);
  EXPECT_EQ(verdict_of(""), Verdict::final);
}

TEST(RedisServerError, RedirectTargets) {
  const auto moved = parse_redirect("MOVED 3999 127.0.0.1:6381");
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->slot, 3'999);
  EXPECT_EQ(moved->target, (Endpoint{"127.0.0.1", 6381}));
  EXPECT_EQ(parse_redirect("ASK 1 ::1:6381")->target, (Endpoint{"::1", 6381}));
  EXPECT_EQ(parse_redirect("MOVED 1 :6381")->target, (Endpoint{"", 6381}));
  for (const std::string_view bad : {"MOVED", "MOVED 1", "MOVED 16384 a:1", "MOVED x a:1",
                                     "MOVED 1 a", "MOVED 1 a:0", "MOVED 1 ?:7"}) {
    EXPECT_FALSE(parse_redirect(bad)) << bad;
  }
}

Reply text(std::string value) {
  Reply reply;
  reply.type = Reply::Type::string;
  reply.text = std::move(value);
  return reply;
}

Reply number(int64_t value) {
  Reply reply;
  reply.type = Reply::Type::integer;
  reply.integer = value;
  return reply;
}

Reply array(std::vector<Reply> elements) {
  Reply reply;
  reply.type = Reply::Type::array;
  reply.elements = std::move(elements);
  return reply;
}

TEST(RedisSlotTable, MastersReplicasAndOwners) {
  const Reply reply = array({
      array({number(8'000), number(16'383), array({text("b"), number(2), text("id")})}),
      array({number(0), number(7'999), array({text(""), number(1), text("id")}),
             array({text("c"), number(3), text("id")})}),
  });
  SlotTable table;
  std::string error;
  ASSERT_TRUE(read_slot_table(reply, {"asked", 9}, table, error)) << error;
  EXPECT_EQ(table.masters, (std::vector<Endpoint>{{"asked", 1}, {"b", 2}}));
  EXPECT_EQ(table.replicas, (std::vector<Endpoint>{{"c", 3}}));
  EXPECT_EQ(table.masters[table.owner[0]].host, "asked");
  EXPECT_EQ(table.masters[table.owner[16'383]].host, "b");
  EXPECT_EQ(table.covered(), kSlots);
}

TEST(RedisSlotTable, LeavesOutNodesWithoutAnAddress) {
  const Reply reply = array({array({number(0), number(9), array({text("?"), number(1)})})});
  SlotTable table;
  std::string error;
  ASSERT_TRUE(read_slot_table(reply, {"asked", 9}, table, error));
  EXPECT_EQ(table.covered(), 0u);
}

TEST(RedisSlotTable, RefusesOtherForms) {
  const Reply node = array({text("a"), number(1)});
  const std::vector<Reply> bad = {
      number(1),
      array({number(1)}),
      array({array({number(0), number(1)})}),
      array({array({number(0), number(16'384), node})}),
      array({array({number(5), number(4), node})}),
      array({array({number(0), number(1), array({text("a"), number(70'000)})})}),
      Reply::failed(Failure::unavailable, "away"),
  };
  for (const Reply& reply : bad) {
    SlotTable table;
    std::string error;
    EXPECT_FALSE(read_slot_table(reply, {"asked", 9}, table, error));
    EXPECT_FALSE(error.empty());
  }
}

}  // namespace
}  // namespace perpetua::redis
