#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "journal/file.hpp"

namespace perpetua::journal {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

class PosixFile final : public File {
 public:
  explicit PosixFile(int number) : descriptor_(number) {}

  Transfer write_some(uint64_t offset, const void* data, std::size_t size) override {
    const ssize_t count = ::pwrite(descriptor_.number(), data, size, static_cast<off_t>(offset));
    return count < 0 ? Transfer{errno, 0} : Transfer{0, static_cast<std::size_t>(count)};
  }

  Transfer read_some(uint64_t offset, void* data, std::size_t size) override {
    const ssize_t count = ::pread(descriptor_.number(), data, size, static_cast<off_t>(offset));
    return count < 0 ? Transfer{errno, 0} : Transfer{0, static_cast<std::size_t>(count)};
  }

  int sync_data() override { return ::fdatasync(descriptor_.number()) == 0 ? 0 : errno; }

  int truncate(uint64_t size) override {
    return ::ftruncate(descriptor_.number(), static_cast<off_t>(size)) == 0 ? 0 : errno;
  }

  int size(uint64_t& bytes) override {
    struct stat status {};
    if (::fstat(descriptor_.number(), &status) != 0) return errno;
    bytes = static_cast<uint64_t>(status.st_size);
    return 0;
  }

 private:
  Descriptor descriptor_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(int number) : descriptor_(number) {}

 private:
  Descriptor descriptor_;
};

class PosixStorage final : public Storage {
 public:
  int open(const std::string& path, OpenMode mode, std::unique_ptr<File>& file) override {
    int flags = O_CLOEXEC;
    flags |= mode == OpenMode::read ? O_RDONLY : O_RDWR;
    if (mode == OpenMode::create) flags |= O_CREAT | O_EXCL;
    const int number = ::open(path.c_str(), flags, 0640);
    if (number < 0) return errno;
    file = std::make_unique<PosixFile>(number);
    return 0;
  }

  int rename(const std::string& from, const std::string& to) override {
    return std::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  }

  int remove(const std::string& path) override {
    return ::unlink(path.c_str()) == 0 ? 0 : errno;
  }

  int make_directory(const std::string& path) override {
    return ::mkdir(path.c_str(), 0750) == 0 || errno == EEXIST ? 0 : errno;
  }

  int sync_directory(const std::string& path) override {
    const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.number() < 0) return errno;
    return ::fsync(directory.number()) == 0 ? 0 : errno;
  }

  int list(const std::string& path, std::vector<std::string>& names) override {
    names.clear();
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return errno;
    int error = 0;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(directory);
      if (entry == nullptr) {
        error = errno;
        break;
      }
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(directory);
    std::sort(names.begin(), names.end());
    return error;
  }

  int lock(const std::string& path, std::unique_ptr<FileLock>& lock) override {
    const int number = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (number < 0) return errno;
    auto held = std::make_unique<PosixLock>(number);
    if (::flock(number, LOCK_EX | LOCK_NB) != 0) return errno;
    lock = std::move(held);
    return 0;
  }

  bool is_volatile(const std::string& path) override {
    constexpr uint32_t kTmpfs = 0x01021994;
    constexpr uint32_t kRamfs = 0x858458F6;
    constexpr uint32_t kOverlay = 0x794C7630;
    struct statfs status {};
    if (::statfs(path.c_str(), &status) != 0) return false;
    const auto type = static_cast<uint32_t>(status.f_type);
    return type == kTmpfs || type == kRamfs || type == kOverlay;
  }
};

}  // namespace

Storage& posix_storage() {
  static PosixStorage storage;
  return storage;
}

}  // namespace perpetua::journal
