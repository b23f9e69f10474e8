// HistoryBacklog: batches that wait to be written, first in, first out: some in memory, the rest in
// files, so that a database may be away for a while without holding up the exchange.
//
// The files live in a folder, have no name there (they end with the process) and need no sync:
// after a crash the batches come from the journal again. A file is dropped once it has been read.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "stores/history/history_batch.hpp"

namespace perpetua::stores {

namespace history_limits {
constexpr std::size_t kBacklogMemoryBytesMax = 32u << 20;  // beyond it batches go to files
constexpr uint64_t kBacklogFileBytes = 64u << 20;
}  // namespace history_limits

class HistoryBacklog {
 public:
  // `folder`: for the files. `bytes_max`: of batches in files.
  HistoryBacklog(std::string folder, uint64_t bytes_max,
                 std::size_t memory_bytes_max = history_limits::kBacklogMemoryBytesMax);
  ~HistoryBacklog();
  HistoryBacklog(const HistoryBacklog&) = delete;
  HistoryBacklog& operator=(const HistoryBacklog&) = delete;

  // False: there is no room, or the disk refuses; failure() says which. The batch is lost.
  [[nodiscard]] bool push(HistoryBatch batch);

  // The oldest batch; nullopt: there is none, or a file cannot be read (failure() is not empty).
  std::optional<HistoryBatch> pop();

  bool is_empty() const { return batches_ == 0; }
  std::size_t bytes() const { return memory_bytes_ + file_bytes_; }
  uint64_t file_bytes() const { return file_bytes_; }
  const std::string& failure() const { return failure_; }
  void forget_failure() { failure_.clear(); }
  void clear();  // the failure, too

 private:
  struct File {
    int descriptor = -1;
    uint64_t written = 0;
    uint64_t read = 0;
  };

  bool write(const HistoryBatch& batch);
  bool read(HistoryBatch& batch);
  bool add_file();

  const std::string folder_;
  const uint64_t bytes_max_;
  const std::size_t memory_bytes_max_;
  std::deque<HistoryBatch> memory_;  // older than what is in files
  std::deque<File> files_;
  std::size_t memory_bytes_ = 0;
  uint64_t file_bytes_ = 0;  // not read yet
  uint64_t batches_ = 0;
  std::string record_;
  std::string failure_;
};

}  // namespace perpetua::stores
