#include "gateway/local_notes.hpp"

#include <gtest/gtest.h>

namespace perpetua::gateway {
namespace {

using Kind = NoteAsk::Kind;

class Notes : public testing::Test {
 protected:
  NoteAnswer ask(Kind kind, std::string key, std::string expected = {}, std::string value = {},
                 int64_t ttl_ms = 1'000) {
    NoteAnswer got;
    notes.ask({kind, std::move(key), std::move(expected), std::move(value), ttl_ms},
              [&](NoteAnswer answer) { got = std::move(answer); });
    return got;
  }
  std::string read(std::string key) { return ask(Kind::read, std::move(key)).value; }

  int64_t now_ms = 5'000;
  LocalNotes notes{2, [this] { return now_ms; }};
};

TEST_F(Notes, are_read_as_they_were_written) {
  EXPECT_TRUE(ask(Kind::read, "a").is_known);
  EXPECT_EQ(read("a"), "");
  EXPECT_TRUE(ask(Kind::write, "a", {}, "one").is_done);
  EXPECT_TRUE(ask(Kind::write, "a", {}, "two").is_done);
  EXPECT_EQ(read("a"), "two");
  EXPECT_EQ(read("b"), "");
}

TEST_F(Notes, of_two_who_swap_the_second_is_told) {
  EXPECT_TRUE(ask(Kind::swap, "a", "", "1").is_done);
  const NoteAnswer late = ask(Kind::swap, "a", "", "1");
  EXPECT_TRUE(late.is_known);
  EXPECT_FALSE(late.is_done);
  EXPECT_TRUE(ask(Kind::swap, "a", "1", "2").is_done);
  EXPECT_EQ(read("a"), "2");
}

TEST_F(Notes, end_by_themselves_and_last_longer_when_written_again) {
  ask(Kind::write, "a", {}, "x", 100);
  now_ms += 99;
  EXPECT_EQ(read("a"), "x");
  ask(Kind::write, "a", {}, "y", 100);
  now_ms += 99;
  EXPECT_EQ(read("a"), "y");
  ++now_ms;
  EXPECT_EQ(read("a"), "");
  EXPECT_TRUE(ask(Kind::swap, "a", "", "z").is_done) << "as if it had never been";
}

TEST_F(Notes, are_bounded_and_there_is_room_again_when_others_end) {
  ask(Kind::write, "a", {}, "x", 100);
  ask(Kind::write, "b", {}, "x", 200);
  EXPECT_FALSE(ask(Kind::write, "c", {}, "x").is_known);
  EXPECT_FALSE(ask(Kind::swap, "c", "", "x").is_known);
  EXPECT_TRUE(ask(Kind::write, "b", {}, "y", 200).is_done) << "it is there already";
  now_ms += 100;
  EXPECT_TRUE(ask(Kind::write, "c", {}, "x").is_done);
  EXPECT_EQ(read("b"), "y");
}

}  // namespace
}  // namespace perpetua::gateway
