// The thread of PostgresHistoryWriter: groups into the database, what is missing from the journal.

#include "base/crash_point.hpp"
#include "stores/postgres/postgres_writer_impl.hpp"

namespace perpetua::stores {

// False: it is time to end.
bool PostgresHistoryWriter::Impl::wait_for_work(std::unique_lock<std::mutex>& lock) {
  constexpr uint64_t kIdleBatchesMax = 4'096;  // without rows, until their number is written
  work.wait(lock, [&] {
    return has_failed || is_due() || !group.empty() || !intake.is_empty() ||
           intake.handed_over() - committed.load() >= kIdleBatchesMax;
  });
  // A short queue may grow for a moment: one sync for more rows.
  work.wait_for(lock, group_interval, [&] { return has_failed || is_due(); });
  return !has_failed && !gives_up && !(stopping && !has_work());
}

void PostgresHistoryWriter::Impl::run() {
  std::unique_lock lock(mutex);
  while (wait_for_work(lock)) {
    lock.unlock();
    if (database.is_open() || reconnect()) work_on();
    lock.lock();
    progress.notify_all();
  }
  intake.clear();
  group.clear();
  group_bytes = 0;
  progress.notify_all();
}

bool PostgresHistoryWriter::Impl::reconnect() {
  is_connected = false;
  const pg::Error error = database.open();
  if (error.kind != pg::ErrorClass::none) {
    note_error(error);
    pause(history_limits::kPostgresRetryMs);
    return false;
  }
  is_connected = true;
  say("the history in PostgreSQL is back at batch " + std::to_string(database.applied_batch()));
  return adopt(database.applied_batch());
}

// After a new connection: what the lost one has committed is not written again.
bool PostgresHistoryWriter::Impl::adopt(BatchNumber applied) {
  if (applied < committed.load() && missed == nullptr) {
    fail("the database is at batch " + std::to_string(applied) + " again, " +
         std::to_string(committed.load()) + " had been committed: start anew");
    return false;
  }
  std::unique_lock lock(mutex);
  if (const BatchNumber newest = intake.handed_over(); applied > newest) {
    lock.unlock();
    fail("the database is at batch " + std::to_string(applied) + ", the exchange at batch " +
         std::to_string(newest) + ": it is the history of another journal");
    return false;
  }
  committed = applied;
  intake.set_committed(applied);
  if (applied == intake.handed_over()) last_error.clear();
  std::erase_if(group, [&](const HistoryBatch& batch) { return batch.number <= applied; });
  if (group.empty()) group_bytes = 0;
  return true;
}

// The server is there.
void PostgresHistoryWriter::Impl::work_on() {
  BatchNumber missing_last = 0;
  {
    const std::lock_guard lock(mutex);
    missing_last = intake.find_missing();
    if (missing_last == 0 && group.empty()) {
      group_last = intake.take(group, group_bytes_max);
      for (const HistoryBatch& batch : group) group_bytes += batch.bytes();
    }
    if (!intake.failure().empty()) {
      has_failed = true;
      failure = intake.failure();
      return;
    }
  }
  if (missing_last != 0) return catch_up(missing_last);
  if (group_last <= committed.load()) return;
  write(group, group_last);
}

// What was written stands if the server goes away meanwhile; then the rest is read again.
void PostgresHistoryWriter::Impl::catch_up(BatchNumber last) {
  const BatchNumber first = committed.load() + 1;
  say("the history in PostgreSQL reads batches " + std::to_string(first) + " to " +
      std::to_string(last) + " from the journal");
  std::vector<HistoryBatch> batches;
  std::size_t bytes = 0;
  const std::string error = missed->read(first, last, [&](const AppliedBatch& batch) {
    if (is_over()) return false;
    if (batch.number < first) return true;
    HistoryBatch copy = make_history_batch(batch, HistoryDetail::accounting);
    bytes += copy.bytes();
    if (!copy.is_empty()) batches.push_back(std::move(copy));
    if (bytes < group_bytes_max && batch.number < last) return true;
    if (!write(batches, batch.number)) return false;
    batches.clear();
    bytes = 0;
    return true;
  });
  if (error.empty()) return;
  note_error({pg::ErrorClass::statement, "", "the journal cannot give what is missing: " + error});
  pause(history_limits::kPostgresRetryMs);
}

bool PostgresHistoryWriter::Impl::write(std::span<const HistoryBatch> batches, BatchNumber last) {
  PERPETUA_CRASH_POINT("history_before_write");
  const pg::Error error = database.write(batches, last);
  PERPETUA_CRASH_POINT("history_after_write");
  if (error.kind != pg::ErrorClass::none) {
    note_error(error);
    pause(history_limits::kPostgresRetryMs);
    return false;
  }
  const std::lock_guard lock(mutex);
  lasting_errors = 0;
  committed = last;
  intake.set_committed(last);
  // Before somebody hears of it: what is written is queued no longer.
  std::erase_if(group, [&](const HistoryBatch& batch) { return batch.number <= last; });
  if (group.empty()) group_bytes = 0;
  last_error.clear();
  progress.notify_all();
  return true;
}

void PostgresHistoryWriter::Impl::note_error(const pg::Error& error) {
  lasting_errors = error.may_pass() ? 0 : lasting_errors + 1;
  bool is_news = false;
  {
    const std::lock_guard lock(mutex);
    is_news = last_error.empty();
    last_error = error.message;
  }
  if (is_news) say("the history in PostgreSQL waits: " + error.message);
  if (lasting_errors >= history_limits::kPostgresLastingErrorsMax) fail(error.message);
}

void PostgresHistoryWriter::Impl::pause(int64_t pause_ms) {
  std::unique_lock lock(mutex);
  work.wait_for(lock, std::chrono::milliseconds(pause_ms), [&] { return gives_up || has_failed; });
}

}  // namespace perpetua::stores
