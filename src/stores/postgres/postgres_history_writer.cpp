#include "stores/postgres/postgres_history_writer.hpp"

#include <chrono>
#include <stdexcept>

#include "stores/postgres/postgres_writer_impl.hpp"

namespace perpetua::stores {

PostgresHistoryWriter::Impl::Impl(const PostgresWriterOptions& options)
    : tell(options.tell),
      missed(options.missed),
      group_bytes_max(options.group_bytes_max),
      group_interval(options.group_interval_ms),
      memory_bytes_max(options.backlog_memory_bytes_max),
      database(options.database),
      intake({options.backlog_folder, options.backlog_bytes_max, options.backlog_memory_bytes_max,
              options.missed != nullptr}) {
  if (connect_first(options.start_ms)) {
    committed = database.applied_batch();
    intake.begin_at(committed);
    is_connected = true;
    has_begun = true;
  }
  thread = std::thread([this] { run(); });
}

// False: the server does not answer, and what it misses can be read later.
bool PostgresHistoryWriter::Impl::connect_first(int64_t start_ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(start_ms);
  while (true) {
    const pg::Error error = database.open();
    if (error.kind == pg::ErrorClass::none) return true;
    if (!error.may_pass() || std::chrono::steady_clock::now() > until) {
      const bool is_away =
          error.kind == pg::ErrorClass::connection || error.kind == pg::ErrorClass::deadline;
      if (!is_away || missed == nullptr) {
        throw std::runtime_error("history in PostgreSQL: " + error.message);
      }
      last_error = error.message;
      return false;
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

bool PostgresHistoryWriter::Impl::is_over() const {
  const std::lock_guard lock(mutex);
  return gives_up || has_failed;
}

void PostgresHistoryWriter::Impl::add(HistoryBatch batch) {
  const std::lock_guard lock(mutex);
  if (batch.number <= intake.handed_over() || has_failed) return;
  if (!intake.add(std::move(batch))) {
    has_failed = true;
    failure = intake.failure();
    work.notify_one();
    return;
  }
  if (is_due() || !intake.is_empty()) work.notify_one();
}

// Until all is committed, as long as there is progress within `stall_ms`.
bool PostgresHistoryWriter::Impl::wait_committed(std::unique_lock<std::mutex>& lock,
                                                 int64_t stall_ms) {
  const BatchNumber target = intake.handed_over();
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
    // A server that is away is not waited for: the backlog takes what there is.
    std::unique_lock lock(impl_->mutex);
    impl_->progress.wait_for(lock, std::chrono::milliseconds(history_limits::kPostgresFlushMs),
                             [&] {
                               return impl_->has_failed || !impl_->is_connected ||
                                      impl_->intake.bytes() <= impl_->memory_bytes_max / 2;
                             });
  }
  apply(batch);
}

bool PostgresHistoryWriter::flush() {
  std::unique_lock lock(impl_->mutex);
  impl_->flush_target = impl_->intake.handed_over();
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
  return impl_->intake.bytes() + impl_->group_bytes;
}

uint64_t PostgresHistoryWriter::missing_batches() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->intake.missing_batches();
}

bool PostgresHistoryWriter::has_begun() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->has_begun;
}

void PostgresHistoryWriter::begin_after(BatchNumber last) {
  const std::lock_guard lock(impl_->mutex);
  PERPETUA_ASSERT(!impl_->has_begun);
  impl_->intake.begin_after(last);
  impl_->has_begun = true;
  impl_->work.notify_one();
}

bool PostgresHistoryWriter::is_connected() const { return impl_->is_connected.load(); }

std::string PostgresHistoryWriter::last_error() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->last_error;
}

uint64_t PostgresHistoryWriter::backlog_file_bytes() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->intake.file_bytes();
}

uint64_t PostgresHistoryWriter::rows_written() const { return impl_->database.rows_written(); }

}  // namespace perpetua::stores
