#include "journal/file.hpp"

#include <algorithm>
#include <cerrno>

#include "base/assert.hpp"

namespace perpetua::journal {

namespace {
constexpr std::size_t kZeroChunkBytes = 1u << 20;  // bounds what a commit may wait behind
}  // namespace

int write_all(File& file, uint64_t offset, const void* data, std::size_t size) {
  const auto* cursor = static_cast<const std::byte*>(data);
  while (size != 0) {
    const Transfer done = file.write_some(offset, cursor, size);
    if (done.error == EINTR) continue;
    if (done.error != 0) return done.error;
    if (done.count == 0) return EIO;
    PERPETUA_ASSERT(done.count <= size);
    cursor += done.count;
    offset += done.count;
    size -= done.count;
  }
  return 0;
}

int read_all(File& file, uint64_t offset, void* data, std::size_t size, std::size_t& got) {
  auto* cursor = static_cast<std::byte*>(data);
  got = 0;
  while (got < size) {
    const Transfer done = file.read_some(offset + got, cursor + got, size - got);
    if (done.error == EINTR) continue;
    if (done.error != 0) return done.error;
    if (done.count == 0) return 0;
    PERPETUA_ASSERT(done.count <= size - got);
    got += done.count;
  }
  return 0;
}

int zero_fill(File& file, uint64_t bytes, const std::atomic<bool>& stop) {
  static const std::vector<std::byte> zeros(kZeroChunkBytes);
  for (uint64_t offset = 0; offset < bytes;) {
    if (stop.load(std::memory_order_relaxed)) return ECANCELED;
    const std::size_t size = std::min<uint64_t>(zeros.size(), bytes - offset);
    if (const int error = write_all(file, offset, zeros.data(), size)) return error;
    if (const int error = file.sync_data()) return error;
    offset += size;
  }
  return 0;
}

int read_whole(Storage& storage, const std::string& path, std::vector<std::byte>& bytes,
               uint64_t bytes_max) {
  std::unique_ptr<File> file;
  if (const int error = storage.open(path, OpenMode::read, file)) return error;
  uint64_t size = 0;
  if (const int error = file->size(size)) return error;
  if (size > bytes_max) return EFBIG;
  bytes.resize(size);
  std::size_t got = 0;
  if (const int error = read_all(*file, 0, bytes.data(), bytes.size(), got)) return error;
  bytes.resize(got);
  return 0;
}

Status write_whole(Storage& storage, const std::string& directory, const std::string& name,
                   const void* data, std::size_t size) {
  const std::string path = directory + "/" + name;
  const std::string temporary = path + ".tmp";
  storage.remove(temporary);
  std::unique_ptr<File> file;
  if (const int error = storage.open(temporary, OpenMode::create, file)) {
    return io_failure(temporary, "create", error);
  }
  if (const int error = write_all(*file, 0, data, size)) {
    return io_failure(temporary, "write", error);
  }
  if (const int error = file->sync_data()) return io_failure(temporary, "sync", error);
  if (const int error = storage.rename(temporary, path)) {
    return io_failure(path, "rename", error);
  }
  if (const int error = storage.sync_directory(directory)) {
    return io_failure(directory, "sync", error);
  }
  return Status::success();
}

}  // namespace perpetua::journal
