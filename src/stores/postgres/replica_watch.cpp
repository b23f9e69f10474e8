#include "stores/postgres/replica_watch.hpp"

#include <algorithm>

#include "base/pg/connection.hpp"

namespace perpetua::stores {

namespace {

constexpr char kAsk[] =
    "SELECT value, pg_wal_lsn_diff(coalesce(pg_last_wal_replay_lsn(), '0/0'), '0/0')"
    " FROM meta WHERE name = 'applied_batch'";

}  // namespace

ReplicaWatch::ReplicaWatch(const std::vector<std::string>& urls, int64_t lag_max_ms,
                           int64_t poll_ms, std::function<BatchNumber()> committed)
    : lag_max_ms_(lag_max_ms),
      poll_ms_(poll_ms),
      committed_(std::move(committed)),
      replicas_(urls.size()) {
  for (std::size_t i = 0; i < urls.size(); ++i) {
    replicas_[i].url = urls[i];
    replicas_[i].status.error = "not asked yet";
  }
  for (Replica& replica : replicas_) {
    replica.thread = std::thread([this, &replica] { watch(replica); });
  }
}

ReplicaWatch::~ReplicaWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  for (Replica& replica : replicas_) replica.thread.join();
}

void ReplicaWatch::watch(Replica& replica) {
  pg::Connection connection;
  int64_t pause_ms = 0;
  const auto wait = [&] {
    std::unique_lock lock(mutex_);
    return !stop_.wait_for(lock, std::chrono::milliseconds(pause_ms), [&] { return stopping_; });
  };
  while (wait()) {
    // Asked for before the replica is: what it then has can only be more.
    const BatchNumber committed = committed_();
    pg::Result result;
    if (!connection.is_open()) {
      result = connection.open({.url = replica.url,
                                .application_name = "perpetua replica watch",
                                .connect_deadline_ms = history_limits::kReplicaAnswerMs,
                                .deadline_ms = history_limits::kReplicaAnswerMs});
    }
    if (result.ok()) result = connection.run(kAsk);
    if (result.ok() && result.rows() == 1) {
      note_answer(replica, static_cast<BatchNumber>(result.integer(0, 0)), result.integer(0, 1),
                  committed);
      pause_ms = poll_ms_;
    } else {
      note_silence(replica, result.ok() ? "the tables are not there" : result.error().message);
      pause_ms = history_limits::kReplicaRetryMs;
    }
  }
}

void ReplicaWatch::note_answer(Replica& replica, BatchNumber applied, int64_t replayed_bytes,
                               BatchNumber committed) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  const bool is_back = !replica.status.is_answering;
  if (is_back || applied >= replica.target) {
    replica.last_lag = is_back ? Clock::duration::max() : now - replica.target_at;
    if (applied >= committed) replica.last_lag = Clock::duration::zero();
    replica.target = committed;
    replica.target_at = now;
  }
  replica.status.is_answering = true;
  replica.status.applied_batch = applied;
  replica.status.replayed_bytes = replayed_bytes;
  replica.status.error.clear();
  update_floor();
}

void ReplicaWatch::note_silence(Replica& replica, const std::string& error) {
  const std::lock_guard lock(mutex_);
  replica.status.is_answering = false;
  replica.status.error = error;
  update_floor();
}

void ReplicaWatch::note_failure(std::size_t replica, const std::string& error) {
  note_silence(replicas_[replica], error);
}

bool ReplicaWatch::is_eligible(const Replica& replica, Clock::time_point now) const {
  return replica.status.is_answering && replica.lag(now) <= std::chrono::milliseconds(lag_max_ms_);
}

// What every eligible replica has; without one, the primary serves and has everything.
void ReplicaWatch::update_floor() {
  const auto now = Clock::now();
  BatchNumber oldest = UINT64_MAX;
  for (const Replica& replica : replicas_) {
    if (is_eligible(replica, now)) oldest = std::min(oldest, replica.status.applied_batch);
  }
  floor_ = std::max(floor_, oldest == UINT64_MAX ? committed_() : oldest);
}

BatchNumber ReplicaWatch::shown_batch() {
  const std::lock_guard lock(mutex_);
  update_floor();
  return floor_;
}

std::optional<std::size_t> ReplicaWatch::choose(
    const std::function<bool(std::size_t)>& is_excluded) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    const std::size_t index = (next_ + i) % replicas_.size();
    const Replica& replica = replicas_[index];
    const bool is_fit = is_eligible(replica, now) && replica.status.applied_batch >= floor_;
    if (!is_fit || is_excluded(index)) continue;
    next_ = index + 1;
    return index;
  }
  return std::nullopt;
}

std::vector<ReplicaStatus> ReplicaWatch::status() {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  std::vector<ReplicaStatus> all;
  for (const Replica& replica : replicas_) {
    ReplicaStatus status = replica.status;
    status.lag_ms = std::chrono::duration_cast<std::chrono::milliseconds>(replica.lag(now)).count();
    status.is_in_rotation = is_eligible(replica, now) && replica.status.applied_batch >= floor_;
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace perpetua::stores
