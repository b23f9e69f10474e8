// GatedStorage: real files whose syncs wait at a gate, in the process that made it alone, so that a
// test can hold the journal back while a forked child writes freely. For tests.
#pragma once

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "journal/file.hpp"
#include "runtime/runtime_test_support.hpp"

namespace perpetua::runtime::testing_support {

class GatedStorage final : public journal::Storage {
 public:
  explicit GatedStorage(SyncGate& gate) : gate_(gate) {}

  int open(const std::string& path, journal::OpenMode mode,
           std::unique_ptr<journal::File>& file) override {
    std::unique_ptr<journal::File> inner;
    if (const int error = inner_.open(path, mode, inner)) return error;
    file = std::make_unique<GatedFile>(*this, std::move(inner));
    return 0;
  }
  int rename(const std::string& from, const std::string& to) override {
    return inner_.rename(from, to);
  }
  int remove(const std::string& path) override { return inner_.remove(path); }
  int make_directory(const std::string& path) override { return inner_.make_directory(path); }
  int sync_directory(const std::string& path) override { return inner_.sync_directory(path); }
  int list(const std::string& path, std::vector<std::string>& names) override {
    return inner_.list(path, names);
  }
  int lock(const std::string& path, std::unique_ptr<journal::FileLock>& lock) override {
    return inner_.lock(path, lock);
  }
  bool is_volatile(const std::string& path) override { return inner_.is_volatile(path); }

 private:
  class GatedFile final : public journal::File {
   public:
    GatedFile(GatedStorage& storage, std::unique_ptr<journal::File> inner)
        : storage_(storage), inner_(std::move(inner)) {}
    journal::Transfer write_some(uint64_t offset, const void* data, std::size_t size) override {
      return inner_->write_some(offset, data, size);
    }
    journal::Transfer read_some(uint64_t offset, void* data, std::size_t size) override {
      return inner_->read_some(offset, data, size);
    }
    int sync_data() override {
      if (getpid() == storage_.process_) storage_.gate_.pass();
      return inner_->sync_data();
    }
    int truncate(uint64_t size) override { return inner_->truncate(size); }
    int size(uint64_t& bytes) override { return inner_->size(bytes); }

   private:
    GatedStorage& storage_;
    std::unique_ptr<journal::File> inner_;
  };

  SyncGate& gate_;
  journal::Storage& inner_ = journal::posix_storage();
  const pid_t process_ = getpid();
};

}  // namespace perpetua::runtime::testing_support
