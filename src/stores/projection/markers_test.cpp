// Markers against a Redis of one map: every way to lose data is noticed, and nothing else is.
#include "stores/projection/markers.hpp"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

namespace perpetua::projection {
namespace {

using redis::Reply;

// SET key value GET and GET key, as far as the markers use them.
class OneMap {
 public:
  std::vector<Reply> run(const redis::Request& request, std::size_t commands = SIZE_MAX) {
    std::vector<Reply> replies;
    for (std::size_t i = 0; i < std::min(commands, request.size()); ++i) {
      const auto words = parse(request.wire(i));
      Reply reply;
      if (const auto found = values.find(words[1]); found != values.end()) {
        reply.type = Reply::Type::string;
        reply.text = found->second;
      }
      if (words[0] == "SET") values[words[1]] = words[2];
      replies.push_back(reply);
    }
    return replies;
  }
  std::map<std::string, std::string> values;

 private:
  static std::vector<std::string> parse(std::string_view wire) {
    std::istringstream in{std::string(wire)};
    std::vector<std::string> words;
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
      std::getline(in, line);
      line.pop_back();
      words.push_back(line);
    }
    return words;
  }
};

class MarkersTest : public testing::Test {
 protected:
  redis::Request write(BatchNumber batch) {
    redis::Request request;
    markers.begin(batch);
    markers.open(request, 0);
    markers.close(request);
    return request;
  }
  bool is_lost_after(const redis::Request& request) {
    markers.accept(server.run(request));
    return markers.is_lost(0);
  }
  bool is_lost_after_check() {
    markers.accept_check(server.run(markers.check()));
    return markers.is_lost(0);
  }
  void settle() {
    markers.accept(server.run(write(1)));
    markers.restore(0);
  }

  const SlotGroups groups{1};
  Markers markers{groups, "me"};
  OneMap server;
};

TEST_F(MarkersTest, everything_is_lost_at_first_and_what_was_there_does_not_matter) {
  EXPECT_TRUE(markers.is_lost(0));
  server.values[groups.marker_key(0)] = "9 other 4 whole";
  settle();
  EXPECT_FALSE(is_lost_after(write(2)));
  EXPECT_FALSE(is_lost_after_check());
  EXPECT_EQ(markers.losses(), 0u);
}

TEST_F(MarkersTest, an_empty_server_is_noticed_by_the_check_and_by_the_next_write) {
  settle();
  server.values.clear();
  EXPECT_TRUE(is_lost_after_check());
  markers.restore(0);
  EXPECT_FALSE(is_lost_after(write(2)));
  server.values.clear();
  EXPECT_TRUE(is_lost_after(write(3)));
  EXPECT_EQ(markers.losses(), 2u);
}

TEST_F(MarkersTest, a_flush_between_the_markers_of_one_write_is_noticed) {
  settle();
  const redis::Request request = write(2);
  auto replies = server.run(request, 1);
  server.values.clear();
  replies.push_back(Reply());  // what SET ... GET finds behind the data
  markers.accept(replies);
  EXPECT_TRUE(markers.is_lost(0));
}

TEST_F(MarkersTest, a_copy_that_is_behind_is_noticed) {
  settle();
  const auto stale = server.values;
  EXPECT_FALSE(is_lost_after(write(2)));
  server.values = stale;
  EXPECT_TRUE(is_lost_after_check());
}

TEST_F(MarkersTest, a_copy_of_the_same_batch_but_an_earlier_write_is_noticed) {
  settle();
  const auto stale = server.values;
  EXPECT_FALSE(is_lost_after(write(1)));
  server.values = stale;
  EXPECT_TRUE(is_lost_after_check());
}

TEST_F(MarkersTest, a_write_without_an_answer_may_have_happened_or_not_or_in_part) {
  for (const std::size_t executed : {0u, 1u, 2u}) {
    settle();
    server.run(write(2), executed);
    markers.fail();
    EXPECT_FALSE(is_lost_after_check()) << executed;
    EXPECT_FALSE(is_lost_after(write(3))) << executed;
  }
}

TEST_F(MarkersTest, a_given_up_write_that_arrives_late_is_noticed_even_in_part) {
  for (const std::size_t executed : {1u, 2u}) {
    settle();
    const redis::Request late = write(2);
    markers.fail();
    EXPECT_FALSE(is_lost_after(write(3)));
    server.run(late, executed);
    EXPECT_TRUE(is_lost_after(write(4))) << executed;
    markers.restore(0);
  }
}

TEST_F(MarkersTest, another_writer_is_noticed) {
  settle();
  Markers other(groups, "other");
  redis::Request request;
  other.begin(2);
  other.open(request, 0);
  other.close(request);
  other.accept(server.run(request));
  EXPECT_TRUE(is_lost_after_check());
}

TEST_F(MarkersTest, a_write_that_the_client_sends_twice_is_no_loss) {
  settle();
  const redis::Request request = write(2);
  server.run(request);
  EXPECT_FALSE(is_lost_after(request));
}

}  // namespace
}  // namespace perpetua::projection
