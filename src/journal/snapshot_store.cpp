#include "journal/snapshot_store.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/assert.hpp"
#include "base/crash_point.hpp"
#include "journal/crc32c.hpp"

namespace perpetua::journal {
namespace {

constexpr const char* kSnapshotSuffix = ".snapshot";
constexpr std::size_t kBufferBytes = 1u << 20;

std::string snapshot_name(BatchNumber batch) {
  char name[40];
  std::snprintf(name, sizeof name, "%020llu%s", static_cast<unsigned long long>(batch),
                kSnapshotSuffix);
  return name;
}

BatchNumber snapshot_number(const std::string& name) {
  if (name.size() != 20 + std::strlen(kSnapshotSuffix)) return 0;
  BatchNumber batch = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    if (name[i] < '0' || name[i] > '9') return 0;
    batch = batch * 10 + static_cast<BatchNumber>(name[i] - '0');
  }
  return snapshot_name(batch) == name ? batch : 0;
}

// Remembers the first error; the engine that writes into it cannot fail.
class FileSink final : public ByteSink {
 public:
  explicit FileSink(File& file) : file_(file) { buffer_.reserve(kBufferBytes); }

  void write(const void* data, std::size_t size) override {
    const auto* cursor = static_cast<const std::byte*>(data);
    length_ += size;
    crc_ = crc32c(data, size, crc_);
    while (size != 0) {
      const std::size_t part = std::min(size, kBufferBytes - buffer_.size());
      buffer_.insert(buffer_.end(), cursor, cursor + part);
      cursor += part;
      size -= part;
      if (buffer_.size() == kBufferBytes) flush();
    }
  }

  void flush() {
    if (error_ == 0 && !buffer_.empty()) {
      error_ = write_all(file_, offset_, buffer_.data(), buffer_.size());
    }
    offset_ += buffer_.size();
    buffer_.clear();
  }

  int error() const { return error_; }
  uint64_t length() const { return length_; }
  uint32_t crc() const { return crc_; }

 private:
  File& file_;
  std::vector<std::byte> buffer_;
  uint64_t offset_ = sizeof(SnapshotHeader);
  uint64_t length_ = 0;
  uint32_t crc_ = 0;
  int error_ = 0;
};

class FileSource final : public ByteSource {
 public:
  FileSource(File& file, uint64_t offset, uint64_t left)
      : file_(file), offset_(offset), left_(left), buffer_(kBufferBytes) {}

  [[nodiscard]] bool read(void* data, std::size_t size) override {
    auto* cursor = static_cast<std::byte*>(data);
    while (size != 0) {
      if (begin_ == end_ && !fill()) return false;
      const std::size_t part = std::min(size, end_ - begin_);
      std::memcpy(cursor, buffer_.data() + begin_, part);
      begin_ += part;
      cursor += part;
      size -= part;
    }
    return true;
  }

  bool is_exhausted() const { return left_ == 0 && begin_ == end_; }

 private:
  bool fill() {
    const std::size_t wanted = std::min<uint64_t>(buffer_.size(), left_);
    if (wanted == 0) return false;
    std::size_t got = 0;
    if (read_all(file_, offset_, buffer_.data(), wanted, got) != 0 || got != wanted) return false;
    offset_ += got;
    left_ -= got;
    begin_ = 0;
    end_ = got;
    return true;
  }

  File& file_;
  uint64_t offset_;
  uint64_t left_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

Status check_header(const std::string& path, const SnapshotHeader& header,
                    const ClusterId& cluster_id, BatchNumber batch, uint64_t file_bytes) {
  const char* reason = nullptr;
  if (header.magic != kSnapshotMagic) {
    reason = "not a snapshot (magic number)";
  } else if (header.crc32c != snapshot_header_crc(header)) {
    reason = "checksum of the header";
  } else if (header.version != kFormatVersion) {
    reason = "format version is not the one of this binary";
  } else if (header.schema_hash != kSchemaHash) {
    reason = "schema hash is not the one of this binary";
  } else if (header.cluster_id != cluster_id) {
    reason = "belongs to another exchange (cluster id)";
  } else if (header.batch != batch) {
    reason = "holds another batch than its name says";
  } else if (file_bytes != sizeof header + header.body_length) {
    reason = "length of the file";
  }
  return reason == nullptr ? Status::success() : Status::failure(path + ": " + reason);
}

bool body_is_whole(File& file, const SnapshotHeader& header) {
  FileSource source(file, sizeof header, header.body_length);
  std::vector<std::byte> part(kBufferBytes);
  uint32_t crc = 0;
  for (uint64_t left = header.body_length; left != 0;) {
    const std::size_t size = std::min<uint64_t>(part.size(), left);
    if (!source.read(part.data(), size)) return false;
    crc = crc32c(part.data(), size, crc);
    left -= size;
  }
  return crc == header.body_crc32c;
}

Status open_checked(const DataDirectory& directory, const std::string& path, BatchNumber batch,
                    std::unique_ptr<File>& file, SnapshotHeader& header) {
  int error = directory.storage().open(path, OpenMode::read, file);
  uint64_t file_bytes = 0;
  std::size_t got = 0;
  if (error == 0) error = file->size(file_bytes);
  if (error == 0) error = read_all(*file, 0, &header, sizeof header, got);
  if (error != 0) return io_failure(path, "read", error);
  if (got != sizeof header) return Status::failure(path + ": the header is cut off");
  Status checked = check_header(path, header, directory.cluster_id(), batch, file_bytes);
  if (checked.ok() && !body_is_whole(*file, header)) {
    checked = Status::failure(path + ": checksum of the body");
  }
  return checked;
}

}  // namespace

uint32_t snapshot_header_crc(SnapshotHeader header) {
  header.crc32c = 0;
  return crc32c(&header, sizeof header);
}

std::string SnapshotStore::path_of(BatchNumber batch) const {
  return directory_.snapshots_path() + "/" + snapshot_name(batch);
}

Status SnapshotStore::write(const Engine& engine, uint64_t record_hash) {
  PERPETUA_ASSERT(engine.last_batch() != 0);
  Storage& storage = directory_.storage();
  SnapshotHeader header;
  header.cluster_id = directory_.cluster_id();
  header.batch = engine.last_batch();
  header.log_time_ms = engine.log_time_ms();
  header.next_event = engine.next_event_sequence();
  header.state_hash = engine.state_hash();
  header.record_hash = record_hash;
  const std::string path = path_of(header.batch);
  const std::string temporary = path + kTemporarySuffix;
  storage.remove(temporary);
  std::unique_ptr<File> file;
  if (const int error = storage.open(temporary, OpenMode::create, file)) {
    return io_failure(temporary, "create", error);
  }
  FileSink sink(*file);
  engine.save(sink);
  sink.flush();
  header.body_length = sink.length();
  header.body_crc32c = sink.crc();
  header.crc32c = snapshot_header_crc(header);
  const char* what = "write";
  int error = sink.error();
  if (error == 0) error = write_all(*file, 0, &header, sizeof header);
  if (error == 0) {
    what = "sync";
    error = file->sync_data();
  }
  if (error == 0) {
    PERPETUA_CRASH_POINT("snapshot_before_rename");
    what = "rename";
    error = storage.rename(temporary, path);
  }
  if (error == 0) {
    what = "sync the directory of";
    error = storage.sync_directory(directory_.snapshots_path());
  }
  PERPETUA_CRASH_POINT("snapshot_after_rename");
  if (error == 0) return Status::success();
  storage.remove(temporary);  // the journal still holds everything; only recovery takes longer
  return io_failure(temporary, what, error);
}

std::vector<BatchNumber> SnapshotStore::list() const {
  std::vector<std::string> names;
  std::vector<BatchNumber> batches;
  if (directory_.storage().list(directory_.snapshots_path(), names) != 0) return batches;
  for (const std::string& name : names) {
    if (const BatchNumber batch = snapshot_number(name)) batches.push_back(batch);
  }
  std::sort(batches.begin(), batches.end());
  return batches;
}

Status SnapshotStore::check(BatchNumber batch, SnapshotHeader& header) const {
  std::unique_ptr<File> file;
  return open_checked(directory_, path_of(batch), batch, file, header);
}

Status SnapshotStore::adopt(const std::string& temporary, BatchNumber batch,
                            SnapshotHeader& header) {
  std::unique_ptr<File> file;
  const Status checked = open_checked(directory_, temporary, batch, file, header);
  if (!checked.ok()) return checked;
  file.reset();
  Storage& storage = directory_.storage();
  const std::string path = path_of(batch);
  if (const int error = storage.rename(temporary, path)) return io_failure(path, "rename", error);
  const int error = storage.sync_directory(directory_.snapshots_path());
  return error == 0 ? Status::success() : io_failure(path, "sync the directory of", error);
}

Status SnapshotStore::load(BatchNumber batch, Engine& engine, SnapshotHeader& header) const {
  const std::string path = path_of(batch);
  std::unique_ptr<File> file;
  Status checked = open_checked(directory_, path, batch, file, header);
  if (!checked.ok()) return checked;
  FileSource source(*file, sizeof header, header.body_length);
  if (!engine.load(source) || !source.is_exhausted()) {
    return Status::failure(path + ": the body is not a state of this engine");
  }
  if (engine.last_batch() != header.batch || engine.log_time_ms() != header.log_time_ms ||
      engine.next_event_sequence() != header.next_event) {
    return Status::failure(path + ": batch, time or event sequence differ from the header");
  }
  if (engine.state_hash() != header.state_hash) {
    return Status::failure(path + ": the state hash differs from the header");
  }
  return Status::success();
}

bool SnapshotStore::load_newest(std::unique_ptr<Engine>& engine, BatchNumber at_most,
                                SnapshotHeader& header, std::vector<std::string>& rejected) const {
  const std::vector<BatchNumber> batches = list();
  for (auto batch = batches.rbegin(); batch != batches.rend(); ++batch) {
    if (*batch > at_most) continue;
    engine = std::make_unique<Engine>();
    const Status loaded = load(*batch, *engine, header);
    if (loaded.ok()) return true;
    rejected.push_back(loaded.message);
  }
  engine = std::make_unique<Engine>();
  header = SnapshotHeader{};
  return false;
}

Status SnapshotStore::remove_old(std::size_t keep) {
  PERPETUA_ASSERT(keep >= kSnapshotsKeptMin);
  PERPETUA_ASSERT(directory_.is_owner());
  Storage& storage = directory_.storage();
  const std::vector<BatchNumber> batches = list();
  for (std::size_t i = 0; i + keep < batches.size(); ++i) {
    const std::string path = path_of(batches[i]);
    if (const int error = storage.remove(path)) return io_failure(path, "remove", error);
  }
  std::vector<std::string> names;
  if (const int error = storage.list(directory_.snapshots_path(), names)) {
    return io_failure(directory_.snapshots_path(), "list", error);
  }
  for (const std::string& name : names) {
    const std::string path = directory_.snapshots_path() + "/" + name;
    if (!name.ends_with(kTemporarySuffix)) continue;
    if (const int error = storage.remove(path)) return io_failure(path, "remove", error);
  }
  return Status::success();
}

}  // namespace perpetua::journal
