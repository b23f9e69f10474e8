#include "journal/data_directory.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/assert.hpp"

namespace perpetua::journal {
namespace {

constexpr std::size_t kSegmentDigits = 8;
constexpr const char* kClusterIdName = "cluster_id";

ClusterId random_cluster_id() {
  ClusterId id{};
  std::size_t filled = 0;
  while (filled < id.size()) {
    const ssize_t count = ::getrandom(id.data() + filled, id.size() - filled, 0);
    PERPETUA_ASSERT(count > 0 || errno == EINTR);
    if (count > 0) filled += static_cast<std::size_t>(count);
  }
  return id;
}

std::string padded(uint64_t number, const char* suffix) {
  std::string digits = std::to_string(number);
  if (digits.size() < kSegmentDigits) digits.insert(0, kSegmentDigits - digits.size(), '0');
  return digits + suffix;
}

bool parse_cluster_id(const std::vector<std::byte>& bytes, ClusterId& id) {
  if (bytes.size() != 2 * id.size() + 1 || bytes.back() != std::byte{'\n'}) return false;
  for (std::size_t i = 0; i < 2 * id.size(); ++i) {
    const char c = static_cast<char>(bytes[i]);
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (digit < 0) return false;
    id[i / 2] = static_cast<uint8_t>(i % 2 == 0 ? digit << 4 : id[i / 2] | digit);
  }
  return true;
}

}  // namespace

std::string cluster_id_text(const ClusterId& cluster_id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : cluster_id) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string segment_name(uint64_t number) { return padded(number, kSegmentSuffix); }
std::string prepared_name(uint64_t number) { return padded(number, kPreparedSuffix); }

uint64_t number_of(const std::string& name, const char* suffix) {
  const std::size_t suffix_length = std::strlen(suffix);
  if (name.size() <= suffix_length || name.size() > suffix_length + 19) return 0;
  const std::size_t digits = name.size() - suffix_length;
  if (name.compare(digits, suffix_length, suffix) != 0) return 0;
  uint64_t number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (name[i] < '0' || name[i] > '9') return 0;
    number = number * 10 + static_cast<uint64_t>(name[i] - '0');
  }
  return padded(number, suffix) == name ? number : 0;
}

Status DataDirectory::open(const DataDirectoryOptions& options) {
  PERPETUA_ASSERT(path_.empty());
  path_ = options.path;
  if (const int error = storage_.make_directory(path_)) {
    return io_failure(path_, "create the data directory", error);
  }
  if (options.refuse_volatile && storage_.is_volatile(path_)) {
    return Status::failure(path_ + ": this file system does not survive a power cut "
                           "(tmpfs, ramfs or overlay); choose another data directory");
  }
  if (const int error = storage_.lock(path_ + "/lock", lock_)) {
    if (error == EWOULDBLOCK) {
      return Status::failure(path_ + ": another process owns this data directory", error);
    }
    return io_failure(path_ + "/lock", "lock", error);
  }
  for (const std::string& folder : {journal_path(), snapshots_path()}) {
    if (const int error = storage_.make_directory(folder)) {
      return io_failure(folder, "create", error);
    }
  }
  if (const int error = storage_.sync_directory(path_)) return io_failure(path_, "sync", error);
  const Status read = read_cluster_id();
  return read.error == ENOENT ? create_cluster_id(options) : read;
}

Status DataDirectory::open_read_only(const std::string& path,
                                     const std::optional<ClusterId>& cluster_id) {
  PERPETUA_ASSERT(path_.empty());
  path_ = path;
  const Status read = read_cluster_id();
  if (read.error != ENOENT || !cluster_id) return read;
  cluster_id_ = *cluster_id;
  return Status::success();
}

Status DataDirectory::read_cluster_id() {
  const std::string path = path_ + "/" + kClusterIdName;
  std::vector<std::byte> bytes;
  if (const int error = read_whole(storage_, path, bytes, 64)) {
    return io_failure(path, "read", error);
  }
  if (!parse_cluster_id(bytes, cluster_id_)) {
    return Status::failure(path + ": not 32 hexadecimal digits and a newline");
  }
  return Status::success();
}

Status DataDirectory::create_cluster_id(const DataDirectoryOptions& options) {
  for (const std::string& folder : {journal_path(), snapshots_path()}) {
    std::vector<std::string> names;
    if (const int error = storage_.list(folder, names)) return io_failure(folder, "list", error);
    const bool is_used = std::any_of(names.begin(), names.end(), [](const std::string& name) {
      return number_of(name, kSegmentSuffix) != 0 || name.ends_with(".snapshot");
    });
    if (is_used) {
      return Status::failure(path_ + "/" + kClusterIdName + ": missing, but " + folder +
                             " is not empty");
    }
  }
  cluster_id_ = options.make_cluster_id ? options.make_cluster_id() : random_cluster_id();
  const std::string text = cluster_id_text(cluster_id_) + "\n";
  return write_whole(storage_, path_, kClusterIdName, text.data(), text.size());
}

}  // namespace perpetua::journal
