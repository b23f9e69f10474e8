#include "journal/memory_storage.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/assert.hpp"
#include "base/hash.hpp"

namespace perpetua::journal {

namespace {

constexpr uint64_t kPageBytes = 4096;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace

class MemoryStorage::OpenFile final : public File {
 public:
  OpenFile(MemoryStorage& storage, std::shared_ptr<Inode> inode, bool is_writable)
      : storage_(storage), inode_(std::move(inode)), is_writable_(is_writable) {}

  Transfer write_some(uint64_t offset, const void* data, std::size_t size) override {
    return is_writable_ ? storage_.write_some(*inode_, offset, data, size) : Transfer{EBADF, 0};
  }
  Transfer read_some(uint64_t offset, void* data, std::size_t size) override {
    return storage_.read_some(*inode_, offset, data, size);
  }
  int sync_data() override { return storage_.sync_data(*inode_); }
  int truncate(uint64_t size) override {
    return is_writable_ ? storage_.truncate(*inode_, size) : EBADF;
  }
  int size(uint64_t& bytes) override {
    const std::lock_guard guard(storage_.mutex_);
    bytes = inode_->live.size();
    return 0;
  }

 private:
  MemoryStorage& storage_;
  std::shared_ptr<Inode> inode_;
  bool is_writable_;
};

class MemoryStorage::Lock final : public FileLock {
 public:
  Lock(MemoryStorage& storage, std::string path) : storage_(storage), path_(std::move(path)) {}
  ~Lock() override {
    const std::lock_guard guard(storage_.mutex_);
    storage_.locks_.erase(path_);
  }

 private:
  MemoryStorage& storage_;
  std::string path_;
};

int MemoryStorage::open(const std::string& path, OpenMode mode, std::unique_ptr<File>& file) {
  const std::lock_guard guard(mutex_);
  auto found = names_.find(path);
  if (mode == OpenMode::create) {
    if (found != names_.end()) return EEXIST;
    if (directories_.count(folder_of(path)) == 0) return ENOENT;
    found = names_.emplace(path, std::make_shared<Inode>()).first;
  }
  if (found == names_.end()) return ENOENT;
  file = std::make_unique<OpenFile>(*this, found->second, mode != OpenMode::read);
  return 0;
}

int MemoryStorage::rename(const std::string& from, const std::string& to) {
  const std::lock_guard guard(mutex_);
  const auto found = names_.find(from);
  if (found == names_.end()) return ENOENT;
  const std::shared_ptr<Inode> inode = found->second;
  names_.erase(found);
  names_[to] = inode;
  return 0;
}

int MemoryStorage::remove(const std::string& path) {
  const std::lock_guard guard(mutex_);
  return names_.erase(path) == 1 ? 0 : ENOENT;
}

int MemoryStorage::make_directory(const std::string& path) {
  const std::lock_guard guard(mutex_);
  directories_.insert(path);
  return 0;
}

int MemoryStorage::sync_directory(const std::string& path) {
  const std::lock_guard guard(mutex_);
  if (directories_.count(path) == 0) return ENOENT;
  const auto is_here = [&path](const Names::value_type& entry) {
    return folder_of(entry.first) == path;
  };
  std::erase_if(durable_names_, is_here);
  std::copy_if(names_.begin(), names_.end(),
               std::inserter(durable_names_, durable_names_.end()), is_here);
  return 0;
}

int MemoryStorage::list(const std::string& path, std::vector<std::string>& names) {
  const std::lock_guard guard(mutex_);
  names.clear();
  if (directories_.count(path) == 0) return ENOENT;
  for (const auto& [name, inode] : names_) {
    if (folder_of(name) == path) names.push_back(name.substr(path.size() + 1));
  }
  return 0;
}

int MemoryStorage::lock(const std::string& path, std::unique_ptr<FileLock>& lock) {
  const std::lock_guard guard(mutex_);
  if (!locks_.insert(path).second) return EWOULDBLOCK;
  lock = std::make_unique<Lock>(*this, path);
  return 0;
}

bool MemoryStorage::is_volatile(const std::string& /*path*/) {
  const std::lock_guard guard(mutex_);
  return faults_.is_volatile;
}

bool MemoryStorage::interrupts() {
  ++transfers_;
  return faults_.interrupt_every != 0 && transfers_ % faults_.interrupt_every == 0;
}

uint64_t MemoryStorage::used_bytes() const {
  uint64_t used = 0;
  for (const auto& [name, inode] : names_) used += inode->live.size();
  return used;
}

Transfer MemoryStorage::write_some(Inode& inode, uint64_t offset, const void* data,
                                   std::size_t size) {
  const std::lock_guard guard(mutex_);
  if (interrupts()) return {EINTR, 0};
  if (++writes_ == faults_.fail_write_at) return {faults_.write_error, 0};
  if (faults_.write_bytes_max != 0) size = std::min(size, faults_.write_bytes_max);
  const uint64_t end = offset + size;
  if (end > inode.live.size()) {
    const uint64_t growth = end - inode.live.size();
    const uint64_t used = used_bytes();
    const uint64_t left = faults_.capacity_bytes > used ? faults_.capacity_bytes - used : 0;
    if (growth > left) return {ENOSPC, 0};
    inode.live.resize(end);
  }
  std::memcpy(inode.live.data() + offset, data, size);
  for (uint64_t page = offset / kPageBytes; page * kPageBytes < end; ++page) {
    inode.dirty_pages.insert(page);
  }
  return {0, size};
}

Transfer MemoryStorage::read_some(const Inode& inode, uint64_t offset, void* data,
                                  std::size_t size) {
  const std::lock_guard guard(mutex_);
  if (interrupts()) return {EINTR, 0};
  if (faults_.read_bytes_max != 0) size = std::min(size, faults_.read_bytes_max);
  if (offset >= inode.live.size()) return {0, 0};
  size = std::min<uint64_t>(size, inode.live.size() - offset);
  std::memcpy(data, inode.live.data() + offset, size);
  return {0, size};
}

int MemoryStorage::sync_data(Inode& inode) {
  std::function<void()> probe;
  {
    const std::lock_guard guard(mutex_);
    probe = faults_.on_sync;
  }
  if (probe) probe();
  const std::lock_guard guard(mutex_);
  if (++syncs_ == faults_.fail_sync_at) {
    // Like ext4: the pages count as clean from now on, so the next sync "succeeds" without them.
    inode.dirty_pages.clear();
    return faults_.sync_error;
  }
  inode.durable.resize(inode.live.size());
  for (const uint64_t page : inode.dirty_pages) {
    const uint64_t begin = page * kPageBytes;
    if (begin >= inode.live.size()) continue;
    const uint64_t size = std::min(kPageBytes, inode.live.size() - begin);
    std::memcpy(inode.durable.data() + begin, inode.live.data() + begin, size);
  }
  inode.dirty_pages.clear();
  return 0;
}

int MemoryStorage::truncate(Inode& inode, uint64_t size) {
  const std::lock_guard guard(mutex_);
  const uint64_t end = std::max<uint64_t>(size, inode.live.size());
  for (uint64_t page = size / kPageBytes; page * kPageBytes < end; ++page) {
    inode.dirty_pages.insert(page);
  }
  inode.live.resize(size);
  return 0;
}

void MemoryStorage::set_faults(Faults faults) {
  const std::lock_guard guard(mutex_);
  faults_ = std::move(faults);
  syncs_ = 0;
  writes_ = 0;
  transfers_ = 0;
}

std::unique_ptr<MemoryStorage> MemoryStorage::after_power_cut(
    std::optional<uint64_t> seed) const {
  const std::lock_guard guard(mutex_);
  auto after = std::make_unique<MemoryStorage>();
  after->directories_ = directories_;
  uint64_t draw = seed.value_or(0);
  for (const auto& [name, inode] : durable_names_) {
    std::vector<std::byte> bytes = inode->durable;
    for (const uint64_t page : inode->dirty_pages) {
      const uint64_t begin = page * kPageBytes;
      draw = hash_mix(draw, page);
      if (!seed || (draw & 1) == 0 || begin >= inode->live.size()) continue;
      const uint64_t size = std::min(kPageBytes, inode->live.size() - begin);
      if (bytes.size() < begin + size) bytes.resize(begin + size);
      std::memcpy(bytes.data() + begin, inode->live.data() + begin, size);
    }
    after->set_content(name, std::move(bytes));
  }
  return after;
}

uint64_t MemoryStorage::syncs() const {
  const std::lock_guard guard(mutex_);
  return syncs_;
}

uint64_t MemoryStorage::writes() const {
  const std::lock_guard guard(mutex_);
  return writes_;
}

std::vector<std::byte> MemoryStorage::content(const std::string& path) const {
  const std::lock_guard guard(mutex_);
  const auto found = names_.find(path);
  PERPETUA_ASSERT(found != names_.end());
  return found->second->live;
}

void MemoryStorage::set_content(const std::string& path, std::vector<std::byte> bytes) {
  const std::lock_guard guard(mutex_);
  auto inode = std::make_shared<Inode>();
  inode->live = bytes;
  inode->durable = std::move(bytes);
  directories_.insert(folder_of(path));
  names_[path] = inode;
  durable_names_[path] = inode;
}

bool MemoryStorage::exists(const std::string& path) const {
  const std::lock_guard guard(mutex_);
  return names_.count(path) != 0;
}

}  // namespace perpetua::journal
