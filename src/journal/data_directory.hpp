// DataDirectory: the folder one exchange lives in, locked by the one process that may write it.
//
//   <path>/lock                     flock; held as long as this object lives
//   <path>/cluster_id               32 hex digits, random, made at the first start
//   <path>/journal/00000001.segment ...            <path>/journal/00000005.prepared
//   <path>/snapshots/00000000000000001234.snapshot
//
// open() is for the owner (creates what is missing, takes the lock); open_read_only() is for tools:
// no lock, no change. A folder with segments but without cluster id is refused.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "journal/file.hpp"
#include "journal/format.hpp"

namespace perpetua::journal {

struct DataDirectoryOptions {
  std::string path;
  bool refuse_volatile = false;  // production: no tmpfs, no overlay
  std::function<ClusterId()> make_cluster_id;  // empty = 128 random bits of the system
};

class DataDirectory {
 public:
  explicit DataDirectory(Storage& storage) : storage_(storage) {}

  Status open(const DataDirectoryOptions& options);
  // Without a folder it is the one of `cluster_id`, if that is given, and holds nothing.
  Status open_read_only(const std::string& path,
                        const std::optional<ClusterId>& cluster_id = std::nullopt);

  Storage& storage() const { return storage_; }
  const ClusterId& cluster_id() const { return cluster_id_; }
  bool is_owner() const { return lock_ != nullptr; }
  const std::string& path() const { return path_; }
  std::string journal_path() const { return path_ + "/journal"; }
  std::string snapshots_path() const { return path_ + "/snapshots"; }

 private:
  Status read_cluster_id();
  Status create_cluster_id(const DataDirectoryOptions& options);

  Storage& storage_;
  std::string path_;
  ClusterId cluster_id_{};
  std::unique_ptr<FileLock> lock_;
};

std::string cluster_id_text(const ClusterId& cluster_id);
std::string segment_name(uint64_t number);
std::string prepared_name(uint64_t number);
// 0 if `name` is not `number` + suffix with the exact digits the journal writes.
uint64_t number_of(const std::string& name, const char* suffix);
inline constexpr const char* kSegmentSuffix = ".segment";
inline constexpr const char* kPreparedSuffix = ".prepared";
inline constexpr const char* kTemporarySuffix = ".tmp";

}  // namespace perpetua::journal
