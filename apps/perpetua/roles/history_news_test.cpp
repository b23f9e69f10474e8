// How far the history is, told from one process to another over a real Redis, and asked from a real
// PostgreSQL while nobody tells it.
#include "roles/history_news.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "base/pg/connection.hpp"
#include "base/pg/test_server.hpp"
#include "stores/redis/client_test_support.hpp"

namespace perpetua::app {
namespace {

using redis::comes_true;

constexpr char kNoDatabase[] = "postgresql://postgres@127.0.0.1:1/none";  // nobody listens there

std::string text_of(const HistoryNews& news) {
  return std::to_string(news.applied) + " " + std::to_string(news.shown);
}

class HistoryNewsTest : public testing::Test {
 protected:
  // As somebody who announces does; again until somebody hears it.
  void tell(const std::string& text) {
    ASSERT_TRUE(comes_true([&] {
      return redis::one(client_, redis::Request("", {"PUBLISH", kHistoryChannel, text})).integer >
             0;
    }));
  }
  static bool comes_to(const HistoryWatch& watch, const std::string& news) {
    return comes_true([&] { return text_of(watch.latest()) == news; });
  }

  redis::TestServer redis_;
  redis::StartedClient client_{redis::patient_options(redis_.url())};
};

// A database that has the one row which is asked for.
class HistoryOf {
 public:
  explicit HistoryOf(BatchNumber applied) {
    const pg::Result opened = connection_.open({.url = server_.url()});
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    run("CREATE TABLE meta(name text PRIMARY KEY, value bigint NOT NULL)");
    run("INSERT INTO meta VALUES ('applied_batch', " + std::to_string(applied) + ")");
  }
  std::string url() const { return server_.url(); }
  void set(BatchNumber applied) { run("UPDATE meta SET value = " + std::to_string(applied)); }

  // Waits until a question was put that began after now, and the answer to it was taken.
  bool is_asked_again() {
    const std::string before = last_question();
    std::string next;
    return comes_true([&] { return (next = last_question()) != before; }) &&
           comes_true([&] { return last_question() != next; });
  }

 private:
  pg::Result run(const std::string& sql) {
    pg::Result result = connection_.run(sql);
    EXPECT_TRUE(result.ok()) << result.error().message;
    return result;
  }
  std::string last_question() {
    const pg::Result result =
        run("SELECT query_start FROM pg_stat_activity"
            " WHERE application_name = 'perpetua history watch'");
    return result.rows() == 1 ? std::string(result.text(0, 0)) : "";
  }

  pg::test::TestServer server_;
  pg::Connection connection_;
};

TEST_F(HistoryNewsTest, what_the_writer_has_comes_to_the_readers_as_it_moves) {
  std::atomic<BatchNumber> applied = 3;
  HistoryWatch watch(client_, kNoDatabase);
  EXPECT_FALSE(watch.is_known());
  EXPECT_EQ(text_of(watch.latest()), "0 0");
  HistoryAnnouncer announcer(client_, [&] { return HistoryNews{applied, applied + 2}; });
  EXPECT_TRUE(comes_to(watch, "3 5"));
  EXPECT_TRUE(watch.is_known());
  applied = 1'234'567;
  EXPECT_TRUE(comes_to(watch, "1234567 1234569"));
}

TEST_F(HistoryNewsTest, one_who_has_just_come_is_told_what_does_not_move) {
  HistoryAnnouncer announcer(client_, [] { return HistoryNews{3, 5}; });
  HistoryWatch first(client_, kNoDatabase);
  ASSERT_TRUE(comes_to(first, "3 5"));
  HistoryWatch second(client_, kNoDatabase);
  EXPECT_TRUE(comes_to(second, "3 5"));
}

TEST_F(HistoryNewsTest, when_nobody_tells_it_any_more_it_is_no_longer_known) {
  HistoryWatch watch(client_, kNoDatabase);
  tell("3 5");
  ASSERT_TRUE(comes_to(watch, "3 5"));
  EXPECT_TRUE(comes_true([&] { return !watch.is_known(); }));
  EXPECT_EQ(text_of(watch.latest()), "3 5") << "the last word stands";
}

// The history of before was deleted and is written again.
TEST_F(HistoryNewsTest, the_newest_word_counts_not_the_highest) {
  HistoryWatch watch(client_, kNoDatabase);
  tell("30 50");
  ASSERT_TRUE(comes_to(watch, "30 50"));
  tell("2 4");
  EXPECT_TRUE(comes_to(watch, "2 4"));
}

TEST_F(HistoryNewsTest, what_is_applied_is_shown) {
  HistoryWatch watch(client_, kNoDatabase);
  tell("30 7");
  EXPECT_TRUE(comes_to(watch, "30 30"));
}

TEST_F(HistoryNewsTest, while_nobody_tells_it_the_database_is_asked) {
  HistoryOf database(7);
  HistoryWatch watch(client_, database.url());
  EXPECT_TRUE(comes_to(watch, "7 7"));
  EXPECT_TRUE(watch.is_known());
  database.set(9);
  EXPECT_TRUE(comes_to(watch, "9 9"));
}

TEST_F(HistoryNewsTest, what_was_heard_to_be_shown_stays_shown_until_there_are_new_rows) {
  HistoryOf database(7);
  HistoryWatch watch(client_, database.url());
  tell("7 12");
  ASSERT_TRUE(comes_to(watch, "7 12"));
  ASSERT_TRUE(database.is_asked_again());
  EXPECT_EQ(text_of(watch.latest()), "7 12");
  database.set(9);
  EXPECT_TRUE(comes_to(watch, "9 9"));
}

// One that was taken would be the latest news for as long as the database is not asked again.
TEST_F(HistoryNewsTest, messages_that_are_no_news_are_passed_over) {
  HistoryOf database(7);
  HistoryWatch watch(client_, database.url());
  ASSERT_TRUE(comes_to(watch, "7 7"));
  for (const char* text :
       {"", "99", "99 ", " 99", "99 99 ", "99 99 1", "99 x", "-99 99", "99,99"}) {
    tell(text);
  }
  ASSERT_TRUE(database.is_asked_again());
  database.set(8);
  EXPECT_TRUE(comes_true([&] {
    const std::string news = text_of(watch.latest());
    EXPECT_TRUE(news == "7 7" || news == "8 8") << news;
    return news == "8 8" || HasFailure();
  }));
}

}  // namespace
}  // namespace perpetua::app
