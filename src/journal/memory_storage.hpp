// MemoryStorage: files in memory that behave like a disk with a volatile cache, and that fail on
// request. For tests and simulation; the same code above the seam runs on it as on
// posix_storage().
//
// Model: a write changes the cache; sync_data() makes the file's content durable, sync_directory()
// the names in a folder. after_power_cut() gives what a disk would hold if the power went now:
// names as last synced, and of each unsynced 4 KiB page either the old or the new content, drawn
// from a seed (all old without one). Folders themselves are durable at once, locks are gone.
// Faults are counted over all files. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "journal/file.hpp"

namespace perpetua::journal {

struct Faults {
  uint64_t fail_sync_at = 0;      // the n-th sync of file data from now on fails; 0 = none
  int sync_error = 5;             // EIO
  uint64_t fail_write_at = 0;     // the n-th write
  int write_error = 5;            // EIO
  std::size_t write_bytes_max = 0;  // short writes of at most so many bytes; 0 = off
  std::size_t read_bytes_max = 0;
  uint64_t interrupt_every = 0;   // every n-th transfer gives EINTR first
  uint64_t capacity_bytes = UINT64_MAX;  // of all files together; then ENOSPC
  std::function<void()> on_sync;  // called before each sync, without the lock: delays, probes
  bool is_volatile = false;
};

class MemoryStorage final : public Storage {
 public:
  MemoryStorage() = default;

  int open(const std::string& path, OpenMode mode, std::unique_ptr<File>& file) override;
  int rename(const std::string& from, const std::string& to) override;
  int remove(const std::string& path) override;
  int make_directory(const std::string& path) override;
  int sync_directory(const std::string& path) override;
  int list(const std::string& path, std::vector<std::string>& names) override;
  int lock(const std::string& path, std::unique_ptr<FileLock>& lock) override;
  bool is_volatile(const std::string& path) override;

  void set_faults(Faults faults);  // restarts the counters
  std::unique_ptr<MemoryStorage> after_power_cut(
      std::optional<uint64_t> seed = std::nullopt) const;
  uint64_t syncs() const;
  uint64_t writes() const;

  // Direct access for tests: whole contents, as if durable.
  std::vector<std::byte> content(const std::string& path) const;
  void set_content(const std::string& path, std::vector<std::byte> bytes);
  bool exists(const std::string& path) const;

 private:
  struct Inode {
    std::vector<std::byte> live;
    std::vector<std::byte> durable;
    std::set<uint64_t> dirty_pages;
  };
  class OpenFile;
  class Lock;
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  Transfer write_some(Inode& inode, uint64_t offset, const void* data, std::size_t size);
  Transfer read_some(const Inode& inode, uint64_t offset, void* data, std::size_t size);
  int sync_data(Inode& inode);
  int truncate(Inode& inode, uint64_t size);
  bool interrupts();
  uint64_t used_bytes() const;

  mutable std::mutex mutex_;
  Names names_;
  Names durable_names_;
  std::set<std::string> directories_;
  std::set<std::string> locks_;
  Faults faults_;
  uint64_t syncs_ = 0;
  uint64_t writes_ = 0;
  uint64_t transfers_ = 0;
};

}  // namespace perpetua::journal
