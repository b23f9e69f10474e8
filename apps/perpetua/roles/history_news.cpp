#include "roles/history_news.hpp"

#include <algorithm>
#include <charconv>

#include "base/pg/connection.hpp"

namespace perpetua::app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int64_t kAnswerMs = 1'000;
constexpr milliseconds kHeardLately{3 * kHistoryRepeatMs};
constexpr milliseconds kKnownLately{5'000};

// "applied shown"
bool parse(std::string_view text, HistoryNews& news) {
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, news.applied);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return false;
  const auto second = std::from_chars(first.ptr + 1, end, news.shown);
  return second.ec == std::errc() && second.ptr == end;
}

}  // namespace

HistoryAnnouncer::HistoryAnnouncer(redis::Client& client, std::function<HistoryNews()> ask)
    : client_(client), ask_(std::move(ask)), thread_([this] { run(); }) {}

HistoryAnnouncer::~HistoryAnnouncer() {
  {
    const std::lock_guard guard(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void HistoryAnnouncer::run() {
  HistoryNews told;
  Clock::time_point told_at{};
  std::unique_lock guard(mutex_);
  while (!wake_.wait_for(guard, milliseconds(kHistoryTellMs), [this] { return is_stopping_; })) {
    const HistoryNews news = ask_();
    const bool is_new = news.applied != told.applied || news.shown != told.shown;
    if (!is_new && Clock::now() - told_at < milliseconds(kHistoryRepeatMs)) continue;
    told = news;
    told_at = Clock::now();
    const std::string text = std::to_string(news.applied) + " " + std::to_string(news.shown);
    redis::CallOptions options;
    options.timeout_ms = kHistoryRepeatMs;
    client_.submit(redis::Request("", {"PUBLISH", kHistoryChannel, text}), options,
                   [](std::vector<redis::Reply>&&) {});
  }
}

HistoryWatch::HistoryWatch(redis::Client& client, std::string primary_url)
    : primary_url_(std::move(primary_url)),
      subscriber_(client, {.on_message =
                               [this](const redis::Message& message) {
                                 HistoryNews news;
                                 if (!parse(message.payload, news)) return;
                                 note(news);
                                 const std::lock_guard guard(mutex_);
                                 heard_at_ = Clock::now();
                               },
                           .on_subscribed = {},
                           .on_lost = {}}),
      thread_([this] { run(); }) {
  subscriber_.subscribe(redis::ChannelKind::channel, kHistoryChannel);
}

HistoryWatch::~HistoryWatch() {
  {
    const std::lock_guard guard(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

// A rebuilt history starts low again, so the newest word counts, not the highest.
void HistoryWatch::note(const HistoryNews& news) {
  const std::lock_guard guard(mutex_);
  news_ = {news.applied, std::max(news.applied, news.shown)};
  known_at_ = Clock::now();
}

HistoryNews HistoryWatch::latest() const {
  const std::lock_guard guard(mutex_);
  return news_;
}

bool HistoryWatch::is_known() const {
  const std::lock_guard guard(mutex_);
  return known_at_ != Clock::time_point{} && Clock::now() - known_at_ < kKnownLately;
}

void HistoryWatch::run() {
  pg::Connection connection;
  std::unique_lock guard(mutex_);
  while (!wake_.wait_for(guard, milliseconds(kHistoryAskMs), [this] { return is_stopping_; })) {
    if (heard_at_ != Clock::time_point{} && Clock::now() - heard_at_ < kHeardLately) continue;
    guard.unlock();
    pg::Result result;
    if (!connection.is_open()) {
      result = connection.open({.url = primary_url_,
                                .application_name = "perpetua history watch",
                                .connect_deadline_ms = kAnswerMs,
                                .deadline_ms = kAnswerMs});
    }
    if (result.ok()) result = connection.run("SELECT value FROM meta WHERE name = 'applied_batch'");
    if (result.ok() && result.rows() == 1) {
      const auto applied = static_cast<BatchNumber>(result.integer(0, 0));
      // What was heard to be shown stays shown while no new rows have come.
      const HistoryNews before = latest();
      note({applied, before.applied == applied ? before.shown : applied});
    }
    guard.lock();
  }
}

}  // namespace perpetua::app
