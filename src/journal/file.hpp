// The storage seam: every byte the journal and the snapshots put on a disk goes through it.
//
// posix_storage() is the real one; MemoryStorage (memory_storage.hpp) keeps files in memory,
// injects faults and cuts the power. Primitives give errno values and never retry; write_all and
// read_all are the only places that loop over short transfers and EINTR. A failed sync is never
// retried by anyone: pages may be marked clean while the data are gone.
// Thread-safety: a Storage may be used from any thread, a File from one at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "journal/status.hpp"

namespace perpetua::journal {

struct Transfer {
  int error = 0;  // errno, 0 = ok
  std::size_t count = 0;
};

class File {
 public:
  virtual ~File() = default;
  virtual Transfer write_some(uint64_t offset, const void* data, std::size_t size) = 0;
  virtual Transfer read_some(uint64_t offset, void* data, std::size_t size) = 0;  // 0 bytes = end
  virtual int sync_data() = 0;  // fdatasync
  virtual int truncate(uint64_t size) = 0;
  virtual int size(uint64_t& bytes) = 0;
};

// Held while the object lives.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode { read, read_write, create };  // create: must not exist yet

class Storage {
 public:
  virtual ~Storage() = default;
  virtual int open(const std::string& path, OpenMode mode, std::unique_ptr<File>& file) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int remove(const std::string& path) = 0;
  virtual int make_directory(const std::string& path) = 0;  // ok if it exists
  virtual int sync_directory(const std::string& path) = 0;
  virtual int list(const std::string& path, std::vector<std::string>& names) = 0;  // sorted
  // EWOULDBLOCK while another process (or object) holds it.
  virtual int lock(const std::string& path, std::unique_ptr<FileLock>& lock) = 0;
  // True where a power cut loses everything (tmpfs, ramfs) or sync means little (overlay).
  virtual bool is_volatile(const std::string& path) = 0;
};

Storage& posix_storage();

// All `size` bytes or an errno.
int write_all(File& file, uint64_t offset, const void* data, std::size_t size);
// As many bytes as there are up to `size`; `got` < size means end of file.
int read_all(File& file, uint64_t offset, void* data, std::size_t size, std::size_t& got);
// Zero-writes [0, bytes) and syncs as it goes, so that later writes hit allocated blocks.
// ECANCELED soon after `stop` becomes true.
int zero_fill(File& file, uint64_t bytes, const std::atomic<bool>& stop);
int read_whole(Storage& storage, const std::string& path, std::vector<std::byte>& bytes,
               uint64_t bytes_max);
// Temporary file -> sync -> rename -> sync of the directory: whole or absent.
Status write_whole(Storage& storage, const std::string& directory, const std::string& name,
                   const void* data, std::size_t size);

}  // namespace perpetua::journal
