#include "roles/unheard_leader.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "journal/postgres/leadership.hpp"
#include "journal/postgres/server_check.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::app {
namespace {

int64_t ms_since(UnheardLeader::Clock::time_point then) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(UnheardLeader::Clock::now() - then)
      .count();
}

}  // namespace

bool is_unheard(const cluster::BatchFeedStatus& seen, int64_t following_ms) {
  if (seen.has_failed || !seen.is_subscribed) return false;
  const int64_t unheard_ms =
      seen.heard_ms_ago < 0 ? following_ms : std::min(seen.heard_ms_ago, following_ms);
  return unheard_ms >= kUnheardMs;
}

UnheardLeader::UnheardLeader(redis::Client& client, std::string journal_url)
    : client_(client), journal_url_(std::move(journal_url)) {}

void UnheardLeader::look(const cluster::BatchFeedStatus& seen) {
  if (!is_unheard(seen, ms_since(following_since_))) return;
  if (asked_at_ && ms_since(*asked_at_) < kUnheardPauseMs) return;
  asked_at_ = Clock::now();
  if (reaches_redis()) ask();
}

// A subscription that nothing comes through may be cut, too, and not know it yet.
bool UnheardLeader::reaches_redis() {
  const std::vector<redis::Endpoint> masters = client_.masters();
  return !masters.empty() && std::all_of(masters.begin(), masters.end(), [&](const auto& master) {
    redis::CallOptions options;
    options.timeout_ms = kUnheardPingMs;
    options.node = master;
    redis::Request ping;
    ping.add("", {"PING"});
    const auto replies = client_.call(std::move(ping), options);
    return !replies.empty() && !replies.front().is_error();
  });
}

void UnheardLeader::ask() {
  pg::Connection connection;
  journal::Status status = journal::postgres::connect_to_read(connection, journal_url_);
  if (!status.ok()) return;  // the leader's lock falls with the database, if it has to
  connection.set_deadline(kUnheardDeadlineMs);
  journal::postgres::Leadership leadership;
  status = journal::postgres::read_leadership(connection, leadership);
  if (!status.ok() || leadership.leaders.empty()) return;
  status = journal::postgres::ask_handover(connection, leadership.epoch);
  if (status.ok()) {
    spdlog::warn("{} leads epoch {} and is not heard through Redis: asked to hand over",
                 leadership.leaders.front().node_name, leadership.epoch);
  }
}

}  // namespace perpetua::app
