#include "journal/postgres/leader.hpp"

#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "base/assert.hpp"
#include "base/crash_point.hpp"
#include "journal/postgres/leader_lock.hpp"
#include "journal/postgres/leadership.hpp"
#include "journal/postgres/server_check.hpp"
#include "journal/postgres/table_format.hpp"

namespace perpetua::journal::postgres {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLockPoll{100};
constexpr std::chrono::milliseconds kBackOffLeast{20};
constexpr const char* kInsertName = "insert_group";
constexpr const char* kBeatName = "beat";

void report_and_exit(int exit_code, const std::string& message) {
  std::fprintf(stderr, "perpetua: %s\n", message.c_str());
  std::fflush(stderr);
  ::_exit(exit_code);  // no destructors: nothing may be written or answered from here on
}

void note_warning(void* was_warned, const PGresult* notice) {
  const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity != nullptr && std::string(severity) == "WARNING") {
    *static_cast<bool*>(was_warned) = true;
  }
}

std::chrono::milliseconds with_jitter(std::chrono::milliseconds time) {
  static thread_local std::minstd_rand draw{std::random_device{}()};
  return time + std::chrono::milliseconds(draw() % (time.count() / 2 + 1));
}

}  // namespace

Leader::Leader(TableOptions options) : options_(std::move(options)) {
  if (!options_.on_over) options_.on_over = report_and_exit;
}

Leader::~Leader() { resign(); }

void Leader::resign() {
  {
    const auto guard = lock();
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (keeper_.joinable()) keeper_.join();
  const auto guard = lock();
  is_over_ = true;
  is_available_ = false;
  connection_.close();
}

void Leader::log(const std::string& line) const {
  if (options_.log) options_.log(line);
}

Status Leader::connect_and_identify() {
  Status status = connect(connection_, options_.url, options_.accepts_async_replicas);
  if (!status.ok()) return status;
  PQsetNoticeReceiver(connection_.handle(), note_warning, &was_warned_);
  address_ = address_of(connection_);
  pg::Parameters name;
  name.add_text(application_name(options_.node_name));
  const pg::Result named =
      connection_.run("SELECT set_config('application_name', $1::text, false)", name);
  status = named.ok() ? server_process_of(connection_, process_)
                      : failure_of("cannot name the session", named.error());
  if (!status.ok()) connection_.close();
  return status;
}

// No row at all reads like row 0: batch 0, epoch 0, hash 0.
Status Leader::read_newest(Tip& tip) {
  tip = {};
  const pg::Result newest = connection_.run(kReadNewest);
  if (!newest.ok()) return failure_of("cannot read the journal table", newest.error());
  if (newest.rows() == 0) return Status::success();
  const auto hash = hash_of_bytes(newest.bytes(0, 2));
  if (!hash) return Status::failure("the newest row of the journal table has no whole hash");
  tip = {static_cast<BatchNumber>(newest.integer(0, 0)),
         static_cast<uint64_t>(newest.integer(0, 1)), *hash};
  return Status::success();
}

Status Leader::prepare() {
  for (const auto& [name, sql] : {std::pair(kInsertName, kInsertGroup), {kBeatName, kBeat}}) {
    const pg::Result prepared = connection_.prepare(name, sql);
    if (!prepared.ok()) return failure_of("cannot use the journal table", prepared.error());
  }
  return Status::success();
}

Status Leader::lead(const std::function<bool()>& is_stopping) {
  const auto guard = lock();
  PERPETUA_ASSERT(!keeper_.joinable());
  Status status = first_lock(is_stopping);
  if (!status.ok()) return status;
  const pg::Result missing = connection_.run(kAreTablesMissing);
  if (missing.ok() && missing.text(0, 0) == "t") {
    const pg::Result made = connection_.run(kCreateTables);
    if (!made.ok()) return failure_of("cannot create the journal table", made.error());
  }
  status = prepare();
  if (status.ok()) status = read_newest(durable_);
  if (!status.ok()) return status;
  leading_process_ = process_;
  epoch_ = durable_.epoch;
  last_commit_ = Clock::now();
  is_available_ = true;
  keeper_ = std::thread([this] { keep(); });
  return Status::success();
}

Status Leader::first_lock(const std::function<bool()>& is_stopping) {
  const auto started = Clock::now();
  bool has_told = false;
  HolderWatch watch(options_.leader_silence_ms, [this](const std::string& line) { log(line); });
  while (!is_stopping()) {
    Status status = Status::success();
    if (!connection_.is_open()) status = connect_and_identify();
    if (!status.ok() && status.error != ENOTCONN) return status;
    if (status.ok()) {
      const LockResult result = try_leader_lock(connection_, status);
      if (result == LockResult::taken) return Status::success();
      if (result == LockResult::held) {
        if (!has_told) log("another engine leads this journal; waiting for its lock");
        has_told = true;
        watch.look(connection_);
      }
    }
    const auto waited = Clock::now() - started;
    if (!status.ok() && !has_told && waited > kStartPatience) return status;
    if (status.ok() && !options_.waits_for_leadership && waited > kLockPatience) {
      return Status::failure(address_ + ": another engine leads this journal");
    }
    std::this_thread::sleep_for(kLockPoll);
  }
  return Status::failure("stopped while waiting for the lock of the journal", EINTR);
}

void Leader::keep() {
  auto guard = lock();
  while (true) {
    const Time next = connection_.is_open() ? last_commit_ + kBeatEvery
                                            : std::max(next_attempt_, Clock::now() + kBackOffLeast);
    wake_.wait_until(guard, next, [this] { return is_stopping_; });
    if (is_stopping_ || is_over_) return;
    if (!connection_.is_open()) {
      ensure();
      continue;
    }
    if (Clock::now() - last_commit_ >= kBeatEvery) beat();
    if (connection_.is_open()) look_for_handover();
  }
}

void Leader::look_for_handover() {
  if (!has_own_epoch_ || is_handover_told_ || !options_.on_handover) return;
  const pg::Result asked = connection_.run(kReadHandover);
  if (!connection_.is_open()) {
    set_available(false, "connection lost: " + asked.error().message);
    return;
  }
  if (!asked.ok() || asked.rows() != 1) return;
  if (static_cast<uint64_t>(asked.integer(0, 0)) != epoch_) return;
  is_handover_told_ = true;
  options_.on_handover();
}

bool Leader::beat() {
  pg::Parameters parameters;
  parameters.add(static_cast<int64_t>(epoch_)).add(static_cast<int64_t>(durable_.batch));
  const pg::Result beaten = connection_.run_prepared(kBeatName, parameters);
  last_commit_ = Clock::now();
  if (!connection_.is_open()) {
    set_available(false, "connection lost: " + beaten.error().message);
  }
  return beaten.ok();
}

void Leader::set_available(bool is_available, const std::string& reason) {
  is_available_ = is_available;
  if (is_available) {
    if (!trouble_.empty()) log("the journal table can be written again");
    trouble_.clear();
    return;
  }
  if (is_short_ != nullptr) is_short_->store(true);
  if (reason != trouble_) log("the journal table cannot be written: " + reason);
  trouble_ = reason;
}

void Leader::report_shortage_to(std::atomic<bool>* is_short) {
  is_short_ = is_short;
  if (is_short_ != nullptr && !is_available_) is_short_->store(true);
}

bool Leader::ensure() {
  if (is_over_) return false;
  if (connection_.is_open()) return true;
  if (Clock::now() < next_attempt_) return false;
  if (trouble_.empty()) set_available(false, "connection lost");
  const Status status = reconnect();
  if (status.ok()) {
    back_off_ = {};
    set_available(true, "");
    return true;
  }
  connection_.close();
  if (is_over_) return false;
  set_available(false, status.message);
  back_off_ = std::clamp(back_off_ * 2, kBackOffLeast, kReconnectMax);
  next_attempt_ = Clock::now() + with_jitter(back_off_);
  return false;
}

Status Leader::reconnect() {
  Status status = connect_and_identify();
  if (!status.ok()) return status;
  const LockResult result = try_leader_lock(connection_, status);
  if (result == LockResult::failed) return status;
  Tip newest;
  status = read_newest(newest);
  if (!status.ok()) return status;
  status = judge(newest);
  if (!status.ok()) return status;
  if (result == LockResult::held) {
    // By our own old server process, or by an engine that has not written yet.
    const std::string refused = end_server_process(connection_, leading_process_);
    if (!refused.empty()) log("cannot end the former server process: " + refused);
    return Status::failure("the lock of the journal is held", ENOTCONN);
  }
  status = prepare();
  if (!status.ok()) return status;
  // What was found committed may not have reached the replicas yet, if the wait for them was
  // cancelled; a later synchronous commit waits for everything before it.
  was_warned_ = false;
  if (!beat() || was_warned_) return Status::failure("the server takes no commit", ENOTCONN);
  durable_ = newest;
  in_doubt_.reset();
  leading_process_ = process_;
  return Status::success();
}

// What the table ends with, after the connection was lost.
Status Leader::judge(const Tip& newest) {
  if (newest == durable_ || (in_doubt_ && newest == *in_doubt_)) return Status::success();
  const std::string found = "the journal table ends with batch " + std::to_string(newest.batch) +
                            " of epoch " + std::to_string(newest.epoch);
  const std::string known = "this engine had batch " + std::to_string(durable_.batch) +
                            " of epoch " + std::to_string(durable_.epoch);
  if (newest.batch < durable_.batch) {
    end(kExitHistoryLost, found + ", but " + known + " durable: the database lost history");
  } else {
    end(kExitDeposed, "deposed: " + found + ", but " + known + ": another engine writes it");
  }
  return Status::failure("over");
}

Leader::Written Leader::insert(const pg::Parameters& parameters, int64_t rows, const Tip& last) {
  PERPETUA_ASSERT(connection_.is_open() && !is_over_ && !in_doubt_);
  in_doubt_ = last;
  was_warned_ = false;
  PERPETUA_CRASH_POINT("table_before_commit");
  const pg::Result inserted = connection_.run_prepared(kInsertName, parameters);
  PERPETUA_CRASH_POINT("table_after_commit");
  if (inserted.ok() && !was_warned_) {
    in_doubt_.reset();
    if (inserted.affected_rows() != rows) {
      end(kExitDeposed, "deposed: batch " + std::to_string(durable_.batch) +
                            " of this engine is not in the journal table any more");
      return Written::refused;
    }
    durable_ = last;
    last_commit_ = Clock::now();
    set_available(true, "");
    return Written::committed;
  }
  const bool is_lost = !connection_.is_open() ||
                       inserted.error().kind == pg::ErrorClass::connection ||
                       inserted.error().kind == pg::ErrorClass::deadline;
  if (inserted.ok() || is_lost) {
    connection_.close();
    set_available(false, inserted.ok() ? "the server warned while it committed"
                                       : "connection lost: " + inserted.error().message);
    return Written::unknown;
  }
  in_doubt_.reset();
  if (inserted.error().kind == pg::ErrorClass::duplicate) {
    end(kExitDeposed, "deposed: another engine wrote batch " + std::to_string(durable_.batch + 1) +
                          " of the journal table");
  } else {
    set_available(false, failure_of("refused", inserted.error()).message);
  }
  return Written::refused;
}

void Leader::end(int exit_code, const std::string& message) {
  is_over_ = true;
  set_available(false, message);
  connection_.close();
  options_.on_over(exit_code, message);
}

}  // namespace perpetua::journal::postgres
