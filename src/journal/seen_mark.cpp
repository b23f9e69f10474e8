#include "journal/seen_mark.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include "base/assert.hpp"
#include "journal/crc32c.hpp"

namespace perpetua::journal {
namespace {

constexpr const char* kSeenName = "journal_seen";
constexpr uint64_t kSeenMagic = 0x4E45'4553'5052'4550;  // "PERPSEEN"
constexpr uint32_t kSeenVersion = 1;

struct SeenBytes {
  uint64_t magic = kSeenMagic;
  uint32_t version = kSeenVersion;
  uint32_t crc32c = 0;
  ClusterId cluster_id{};
  uint64_t batch = 0;
  uint64_t epoch = 0;
  uint64_t record_hash = 0;
  uint64_t zero = 0;
};
static_assert(sizeof(SeenBytes) == 64 && PlainRecord<SeenBytes>);

uint32_t checksum(SeenBytes bytes) {
  bytes.crc32c = 0;
  return crc32c(&bytes, sizeof bytes);
}

SeenBytes encode(const ClusterId& cluster_id, const SeenBatch& seen) {
  SeenBytes bytes;
  bytes.cluster_id = cluster_id;
  bytes.batch = seen.batch;
  bytes.epoch = seen.epoch;
  bytes.record_hash = seen.record_hash;
  bytes.crc32c = checksum(bytes);
  return bytes;
}

std::string path_in(const DataDirectory& directory) { return directory.path() + "/" + kSeenName; }

}  // namespace

bool SeenMark::exists(const DataDirectory& directory) {
  std::unique_ptr<File> file;
  return directory.storage().open(path_in(directory), OpenMode::read, file) == 0;
}

Status SeenMark::read(const DataDirectory& directory, SeenBatch& seen) const {
  const std::string path = path_in(directory);
  std::vector<std::byte> content;
  seen = {};
  if (const int error = read_whole(directory.storage(), path, content, 2 * sizeof(SeenBytes))) {
    return error == ENOENT ? Status::success() : io_failure(path, "read", error);
  }
  SeenBytes bytes;
  if (content.size() != sizeof bytes) return Status::failure(path + ": damaged (length)");
  std::memcpy(&bytes, content.data(), sizeof bytes);
  if (bytes.magic != kSeenMagic || bytes.version != kSeenVersion ||
      bytes.crc32c != checksum(bytes)) {
    return Status::failure(path +
                           ": damaged; it names the newest batch this engine has seen. "
                           "Delete it only if the journal table is known to be whole");
  }
  if (bytes.cluster_id != directory.cluster_id()) {
    return Status::failure(path + ": belongs to another exchange (cluster id)");
  }
  seen = {bytes.batch, bytes.epoch, bytes.record_hash};
  return Status::success();
}

Status SeenMark::open(const DataDirectory& directory, const SeenBatch& seen) {
  PERPETUA_ASSERT(directory.is_owner());
  directory_ = &directory;
  const std::string path = path_in(directory);
  if (!exists(directory)) {
    const SeenBytes bytes = encode(directory.cluster_id(), seen);
    const Status made =
        write_whole(directory.storage(), directory.path(), kSeenName, &bytes, sizeof bytes);
    if (!made.ok()) return made;
  }
  const int error = directory.storage().open(path, OpenMode::read_write, file_);
  return error == 0 ? Status::success() : io_failure(path, "open", error);
}

Status SeenMark::write(const SeenBatch& seen) {
  PERPETUA_ASSERT(file_ != nullptr);
  const SeenBytes bytes = encode(directory_->cluster_id(), seen);
  const int error = write_all(*file_, 0, &bytes, sizeof bytes);
  return error == 0 ? Status::success() : io_failure(path_in(*directory_), "write", error);
}

}  // namespace perpetua::journal
