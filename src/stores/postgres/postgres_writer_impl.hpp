// What is behind PostgresHistoryWriter: the queue, which any thread may ask about, and the thread
// that writes (postgres_writer_thread.cpp). Private to the writer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <span>
#include <thread>

#include "stores/postgres/history_intake.hpp"
#include "stores/postgres/postgres_history_writer.hpp"

namespace perpetua::stores {

struct PostgresHistoryWriter::Impl {
  explicit Impl(const PostgresWriterOptions& options);
  ~Impl();

  bool connect_first(int64_t start_ms);
  void add(HistoryBatch batch);
  void run();
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  bool reconnect();
  bool adopt(BatchNumber applied);
  void work_on();
  void catch_up(BatchNumber last);
  bool write(std::span<const HistoryBatch> batches, BatchNumber last);
  void note_error(const pg::Error& error);
  void pause(int64_t pause_ms);
  void fail(const std::string& why);
  bool is_over() const;
  bool wait_committed(std::unique_lock<std::mutex>& lock, int64_t stall_ms);

  void say(const std::string& line) const {
    if (tell) tell(line);
  }
  bool has_work() const { return !group.empty() || intake.handed_over() > committed.load(); }
  bool is_due() const {
    return stopping || flush_target > committed.load() || intake.bytes() >= group_bytes_max;
  }

  const std::function<void(const std::string&)> tell;
  MissedBatches* const missed;
  const std::size_t group_bytes_max;
  const std::chrono::milliseconds group_interval;
  const std::size_t memory_bytes_max;  // of the backlog
  HistoryDatabase database;            // the thread's, as are group and the next two
  std::vector<HistoryBatch> group;     // taken from the backlog, not committed yet
  BatchNumber group_last = 0;
  int lasting_errors = 0;
  std::atomic<BatchNumber> committed{0};
  std::atomic<bool> is_connected{false};

  mutable std::mutex mutex;  // for everything below
  std::condition_variable work;
  std::condition_variable progress;
  HistoryIntake intake;
  std::size_t group_bytes = 0;
  BatchNumber flush_target = 0;
  bool has_begun = false;
  bool stopping = false;
  bool gives_up = false;  // stopping, and the server is away
  bool has_failed = false;
  std::string failure;
  std::string last_error;

  std::thread thread;
};

}  // namespace perpetua::stores
