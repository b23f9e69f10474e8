#include "stores/sqlite/history_writer.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "stores/sqlite/history_file.hpp"
#include "stores/sqlite/history_tables.hpp"

namespace perpetua::stores {

namespace {

using history_limits::kGroupBytesMax;
using history_limits::kQueueBytesMax;

// Errors that may pass: the place is full or busy, the file itself is sound.
bool may_pass(int extended_code) {
  switch (extended_code & 0xFF) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct HistoryWriter::Impl {
  explicit Impl(const HistoryOptions& options);
  ~Impl();

  void add(HistoryBatch batch);
  void run();
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  std::vector<HistoryBatch> take_group(BatchNumber& last, std::size_t& bytes);
  bool write_group(const std::vector<HistoryBatch>& group, BatchNumber last);
  bool write_rows(const HistoryRows& rows);
  bool pause_before_retry();
  void fail(const std::string& why);

  bool flush_is_wanted() const { return flush_target > committed.load(); }
  bool is_due() const { return stopping || flush_is_wanted() || queued_bytes >= kGroupBytesMax; }

  const std::string path;
  HistoryFile file;
  HistoryTables tables;  // the thread's, as is specs
  MarketSpecs specs;
  std::atomic<BatchNumber> committed{0};

  mutable std::mutex mutex;  // for everything below
  std::condition_variable work;
  std::condition_variable progress;
  std::deque<HistoryBatch> queue;
  std::size_t queued_bytes = 0;  // until committed
  BatchNumber handed_over = 0;
  BatchNumber flush_target = 0;
  bool stopping = false;
  bool has_failed = false;
  std::string failure;

  std::thread thread;
};

HistoryWriter::Impl::Impl(const HistoryOptions& options)
    : path(options.path),
      file(open_history_file(options)),
      tables(file.database, options.retention) {
  committed = file.applied_batch;
  handed_over = file.applied_batch;
  if (!tables.load_markets(specs)) fail("the markets cannot be read");
  thread = std::thread([this] { run(); });
}

HistoryWriter::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  work.notify_all();
  thread.join();
}

void HistoryWriter::Impl::fail(const std::string& why) {
  mark_history_damaged(path);
  const std::lock_guard lock(mutex);
  has_failed = true;
  failure = why;
}

void HistoryWriter::Impl::add(HistoryBatch batch) {
  const std::size_t bytes = batch.bytes();
  std::unique_lock lock(mutex);
  if (batch.number <= handed_over || has_failed) return;
  PERPETUA_ASSERT(batch.number == handed_over + 1);
  progress.wait(lock, [&] {
    return has_failed || queued_bytes == 0 || queued_bytes + bytes <= kQueueBytesMax;
  });
  if (has_failed) return;
  handed_over = batch.number;
  if (bytes != 0) {
    queued_bytes += bytes;
    queue.push_back(std::move(batch));
  }
  work.notify_one();
}

void HistoryWriter::Impl::wait_for_work(std::unique_lock<std::mutex>& lock) {
  work.wait(lock, [&] {
    return is_due() || !queue.empty() ||
           handed_over - committed.load() >= history_limits::kIdleBatchesMax;
  });
  // A short queue may grow for a moment: fewer transactions rewrite the same pages fewer times.
  work.wait_for(lock, std::chrono::milliseconds(history_limits::kGroupIntervalMs),
                [&] { return is_due(); });
}

std::vector<HistoryBatch> HistoryWriter::Impl::take_group(BatchNumber& last, std::size_t& bytes) {
  std::vector<HistoryBatch> group;
  while (!queue.empty() && bytes < kGroupBytesMax) {
    bytes += queue.front().bytes();
    group.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  // Batches without rows are not queued; with the queue empty the group covers them too.
  last = queue.empty() ? handed_over : group.back().number;
  return group;
}

void HistoryWriter::Impl::run() {
  std::unique_lock lock(mutex);
  while (!has_failed) {
    wait_for_work(lock);
    if (stopping && handed_over == committed.load()) return;
    BatchNumber last = 0;
    std::size_t bytes = 0;
    const std::vector<HistoryBatch> group = take_group(last, bytes);
    lock.unlock();
    const bool written = write_group(group, last);
    lock.lock();
    if (written) {
      committed = last;
      queued_bytes -= bytes;
    }
    progress.notify_all();
  }
  queue.clear();
  queued_bytes = 0;
  progress.notify_all();
}

bool HistoryWriter::Impl::write_group(const std::vector<HistoryBatch>& group, BatchNumber last) {
  HistoryRows rows(
      specs, [this](OrderId id) { return tables.load_order(id); },
      [this](OrderId id) { return tables.load_trigger(id); },
      [this](SignalId id) { return tables.load_signal(id); });
  for (const HistoryBatch& batch : group) {
    if (!rows.add(batch)) {
      fail("batch " + std::to_string(batch.number) + " does not fit the rows of the file");
      return false;
    }
  }
  rows.last_batch = last;
  return write_rows(rows);
}

bool HistoryWriter::Impl::write_rows(const HistoryRows& rows) {
  for (int attempt = 1; !tables.write(rows); ++attempt) {
    if (!may_pass(tables.failure_code())) {
      fail(tables.failure_message());
      return false;
    }
    if (attempt == history_limits::kWriteAttemptsMax || !pause_before_retry()) {
      const std::lock_guard lock(mutex);
      has_failed = true;
      failure = tables.failure_message();
      return false;
    }
  }
  return true;
}

bool HistoryWriter::Impl::pause_before_retry() {
  std::unique_lock lock(mutex);
  work.wait_for(lock, std::chrono::milliseconds(history_limits::kWriteRetryMs),
                [&] { return stopping; });
  return !stopping;
}

HistoryWriter::HistoryWriter(const HistoryOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
HistoryWriter::~HistoryWriter() = default;

BatchNumber HistoryWriter::applied_batch() const { return impl_->committed.load(); }

std::string_view HistoryWriter::rebuild_reason() const { return impl_->file.rebuild_reason; }

void HistoryWriter::apply(const AppliedBatch& batch) { impl_->add(make_history_batch(batch)); }

bool HistoryWriter::flush() {
  std::unique_lock lock(impl_->mutex);
  impl_->flush_target = impl_->handed_over;
  impl_->work.notify_one();
  impl_->progress.wait(
      lock, [&] { return impl_->has_failed || impl_->committed.load() >= impl_->flush_target; });
  return !impl_->has_failed;
}

bool HistoryWriter::failed() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->has_failed;
}

std::string HistoryWriter::failure() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->failure;
}

std::size_t HistoryWriter::queued_bytes() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queued_bytes;
}

}  // namespace perpetua::stores
