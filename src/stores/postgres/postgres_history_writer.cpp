#include "stores/postgres/postgres_history_writer.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "base/crash_point.hpp"
#include "stores/postgres/history_backlog.hpp"

namespace perpetua::stores {

using history_limits::kPostgresGroupBytesMax;

struct PostgresHistoryWriter::Impl {
  explicit Impl(const PostgresWriterOptions& options);
  ~Impl();

  void connect_first(int64_t start_ms);
  void add(HistoryBatch batch);
  void run();
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  void take_group();
  bool reconnect();
  bool trim_group();
  void write_group();
  void note_error(const pg::Error& error);
  void pause(int64_t pause_ms);
  void fail(const std::string& why);
  bool wait_committed(std::unique_lock<std::mutex>& lock, int64_t stall_ms);

  void say(const std::string& line) const {
    if (tell) tell(line);
  }
  bool has_work() const { return !group.empty() || handed_over > committed.load(); }
  bool is_due() const {
    return stopping || flush_target > committed.load() || backlog.bytes() >= kPostgresGroupBytesMax;
  }

  const std::function<void(const std::string&)> tell;
  HistoryDatabase database;         // the thread's, as are group and the next two
  std::vector<HistoryBatch> group;  // taken from the backlog, not committed yet
  BatchNumber group_last = 0;
  int lasting_errors = 0;
  std::atomic<BatchNumber> committed{0};
  std::atomic<bool> is_connected{false};

  mutable std::mutex mutex;  // for everything below
  std::condition_variable work;
  std::condition_variable progress;
  HistoryBacklog backlog;
  std::size_t group_bytes = 0;
  BatchNumber handed_over = 0;
  BatchNumber flush_target = 0;
  bool stopping = false;
  bool gives_up = false;  // stopping, and the server is away
  bool has_failed = false;
  std::string failure;
  std::string last_error;

  std::thread thread;
};

PostgresHistoryWriter::Impl::Impl(const PostgresWriterOptions& options)
    : tell(options.tell),
      database(options.database),
      backlog(options.backlog_folder, options.backlog_bytes_max) {
  connect_first(options.start_ms);
  committed = database.applied_batch();
  handed_over = committed;
  is_connected = true;
  thread = std::thread([this] { run(); });
}

void PostgresHistoryWriter::Impl::connect_first(int64_t start_ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(start_ms);
  while (true) {
    const pg::Error error = database.open();
    if (error.kind == pg::ErrorClass::none) return;
    if (!error.may_pass() || std::chrono::steady_clock::now() > until) {
      throw std::runtime_error("history in PostgreSQL: " + error.message);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(history_limits::kPostgresRetryMs));
  }
}

PostgresHistoryWriter::Impl::~Impl() {
  {
    std::unique_lock lock(mutex);
    stopping = true;
    work.notify_all();
    wait_committed(lock, history_limits::kPostgresStopMs);
    gives_up = true;
  }
  work.notify_all();
  thread.join();
}

void PostgresHistoryWriter::Impl::fail(const std::string& why) {
  say("the history in PostgreSQL has ended: " + why);
  const std::lock_guard lock(mutex);
  has_failed = true;
  failure = why;
}

void PostgresHistoryWriter::Impl::add(HistoryBatch batch) {
  const std::lock_guard lock(mutex);
  if (batch.number <= handed_over || has_failed) return;
  PERPETUA_ASSERT(batch.number == handed_over + 1);
  const BatchNumber number = batch.number;
  if (number > committed.load() && batch.bytes() != 0 && !backlog.push(std::move(batch))) {
    has_failed = true;
    failure = backlog.failure();
    work.notify_one();
    return;
  }
  handed_over = number;
  if (is_due() || backlog.bytes() > 0) work.notify_one();
}

// False: it is time to end.
bool PostgresHistoryWriter::Impl::wait_for_work(std::unique_lock<std::mutex>& lock) {
  constexpr uint64_t kIdleBatchesMax = 4'096;  // without rows, until their number is written
  work.wait(lock, [&] {
    return has_failed || is_due() || !group.empty() || !backlog.is_empty() ||
           handed_over - committed.load() >= kIdleBatchesMax;
  });
  // A short queue may grow for a moment: one sync for more rows.
  work.wait_for(lock, std::chrono::milliseconds(history_limits::kPostgresGroupIntervalMs),
                [&] { return has_failed || is_due(); });
  return !has_failed && !gives_up && !(stopping && !has_work());
}

void PostgresHistoryWriter::Impl::take_group() {
  while (group_bytes < kPostgresGroupBytesMax) {
    auto batch = backlog.pop();
    if (!batch) break;
    if (batch->number <= committed.load()) continue;  // by a writer before this one
    group_bytes += batch->bytes();
    group.push_back(std::move(*batch));
  }
  // Batches without rows are not queued; with the backlog empty the group covers them, too.
  if (backlog.is_empty()) {
    group_last = handed_over;
  } else if (!group.empty()) {
    group_last = group.back().number;
  }
}

void PostgresHistoryWriter::Impl::run() {
  std::unique_lock lock(mutex);
  while (wait_for_work(lock)) {
    if (group.empty()) take_group();
    if (!backlog.failure().empty()) {
      has_failed = true;
      failure = backlog.failure();
      break;
    }
    lock.unlock();
    if (database.is_open() || reconnect()) write_group();
    lock.lock();
    progress.notify_all();
  }
  backlog.clear();
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
  return trim_group();
}

// After a new connection: what the lost one has committed is not written again.
bool PostgresHistoryWriter::Impl::trim_group() {
  const BatchNumber applied = database.applied_batch();
  if (applied < committed.load()) {
    fail("the database is at batch " + std::to_string(applied) + " again, " +
         std::to_string(committed.load()) + " had been committed: start anew");
    return false;
  }
  const std::lock_guard lock(mutex);
  committed = applied;
  std::erase_if(group, [&](const HistoryBatch& batch) { return batch.number <= applied; });
  if (!group.empty()) return true;
  group_bytes = 0;
  return false;
}

void PostgresHistoryWriter::Impl::write_group() {
  PERPETUA_CRASH_POINT("history_before_write");
  const pg::Error error = database.write(group, group_last);
  PERPETUA_CRASH_POINT("history_after_write");
  if (error.kind != pg::ErrorClass::none) {
    note_error(error);
    pause(history_limits::kPostgresRetryMs);
    return;
  }
  const std::lock_guard lock(mutex);
  lasting_errors = 0;
  committed = group_last;
  group.clear();
  group_bytes = 0;
  last_error.clear();
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

// Until all is committed, as long as there is progress within `stall_ms`.
bool PostgresHistoryWriter::Impl::wait_committed(std::unique_lock<std::mutex>& lock,
                                                 int64_t stall_ms) {
  const BatchNumber target = handed_over;
  while (!has_failed && committed.load() < target) {
    const BatchNumber before = committed.load();
    const bool moved = progress.wait_for(lock, std::chrono::milliseconds(stall_ms),
                                         [&] { return has_failed || committed.load() != before; });
    if (!moved) return false;
  }
  return !has_failed;
}

PostgresHistoryWriter::PostgresHistoryWriter(const PostgresWriterOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
PostgresHistoryWriter::~PostgresHistoryWriter() = default;

BatchNumber PostgresHistoryWriter::applied_batch() const { return impl_->committed.load(); }

void PostgresHistoryWriter::apply(const AppliedBatch& batch) {
  impl_->add(make_history_batch(batch, HistoryDetail::accounting));
}

void PostgresHistoryWriter::apply_replayed(const AppliedBatch& batch) {
  {
    // A server that is away is not waited for without end: the backlog takes what there is.
    std::unique_lock lock(impl_->mutex);
    impl_->progress.wait_for(
        lock, std::chrono::milliseconds(history_limits::kPostgresFlushMs), [&] {
          return impl_->has_failed ||
                 impl_->backlog.bytes() <= history_limits::kBacklogMemoryBytesMax / 2;
        });
  }
  apply(batch);
}

bool PostgresHistoryWriter::flush() {
  std::unique_lock lock(impl_->mutex);
  impl_->flush_target = impl_->handed_over;
  impl_->work.notify_one();
  return impl_->wait_committed(lock, history_limits::kPostgresFlushMs);
}

bool PostgresHistoryWriter::failed() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->has_failed;
}

std::string PostgresHistoryWriter::failure() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->failure;
}

std::size_t PostgresHistoryWriter::queued_bytes() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->backlog.bytes() + impl_->group_bytes;
}

bool PostgresHistoryWriter::is_connected() const { return impl_->is_connected.load(); }

std::string PostgresHistoryWriter::last_error() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->last_error;
}

uint64_t PostgresHistoryWriter::backlog_file_bytes() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->backlog.file_bytes();
}

uint64_t PostgresHistoryWriter::rows_written() const { return impl_->database.rows_written(); }

}  // namespace perpetua::stores
