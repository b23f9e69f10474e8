#include "journal/segment_preparer.hpp"

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/assert.hpp"

namespace perpetua::journal {

SegmentPreparer::SegmentPreparer(const DataDirectory& directory, uint64_t segment_bytes,
                                 int64_t retry_ms)
    : directory_(directory), segment_bytes_(segment_bytes), retry_ms_(retry_ms) {
  thread_ = std::thread([this] { run(); });
}

SegmentPreparer::~SegmentPreparer() {
  {
    const std::lock_guard guard(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SegmentPreparer::request(uint64_t number) {
  {
    const std::lock_guard guard(mutex_);
    PERPETUA_ASSERT(state_ == State::idle);
    number_ = number;
    state_ = State::working;
  }
  changed_.notify_all();
}

SegmentPreparer::State SegmentPreparer::state() const {
  const std::lock_guard guard(mutex_);
  return state_;
}

SegmentPreparer::State SegmentPreparer::wait() {
  std::unique_lock guard(mutex_);
  changed_.wait(guard, [this] { return state_ != State::working; });
  return state_;
}

SegmentPreparer::State SegmentPreparer::take(std::unique_ptr<File>& file, Status& failure) {
  const State state = wait();
  const std::lock_guard guard(mutex_);
  failure = failure_;
  if (state != State::ready) return state;
  file = std::move(file_);
  state_ = State::idle;
  return State::ready;
}

void SegmentPreparer::run() {
  std::unique_lock guard(mutex_);
  while (!stop_) {
    if (state_ != State::working && state_ != State::no_space) {
      changed_.wait(guard);
      continue;
    }
    if (state_ == State::no_space) {
      const auto stopped = [this] { return stop_.load(); };
      if (changed_.wait_for(guard, std::chrono::milliseconds(retry_ms_), stopped)) break;
    }
    const uint64_t number = number_;
    guard.unlock();
    std::unique_ptr<File> file;
    Status failure;
    const State state = prepare(number, file, failure);
    guard.lock();
    file_ = std::move(file);
    failure_ = std::move(failure);
    state_ = state;
    changed_.notify_all();
  }
}

SegmentPreparer::State SegmentPreparer::prepare(uint64_t number, std::unique_ptr<File>& file,
                                                Status& failure) {
  Storage& storage = directory_.storage();
  const std::string path = directory_.journal_path() + "/" + prepared_name(number);
  if (storage.open(path, OpenMode::read_write, file) == 0) {
    uint64_t size = 0;
    if (file->size(size) == 0 && size == segment_bytes_) return State::ready;
    file.reset();
    storage.remove(path);
  }
  const State state = create(path, file, failure);
  if (state != State::ready) {
    file.reset();
    storage.remove(path + kTemporarySuffix);
  }
  return state;
}

SegmentPreparer::State SegmentPreparer::create(const std::string& path, std::unique_ptr<File>& file,
                                               Status& failure) {
  Storage& storage = directory_.storage();
  const std::string temporary = path + kTemporarySuffix;
  storage.remove(temporary);
  const char* what = "create";
  int error = storage.open(temporary, OpenMode::create, file);
  if (error == 0) {
    what = "fill with zeros";
    error = zero_fill(*file, segment_bytes_, stop_);
  }
  if (error == 0) {
    what = "rename";
    error = storage.rename(temporary, path);
  }
  if (error == 0) {
    what = "sync the directory of";
    error = storage.sync_directory(directory_.journal_path());
  }
  if (error == 0) return State::ready;
  failure = io_failure(temporary, what, error);
  // Nothing was ever promised about this file, so a lack of space is no reason to stop.
  const bool is_space = error == ENOSPC || error == EDQUOT || error == ECANCELED;
  return is_space ? State::no_space : State::failed;
}

}  // namespace perpetua::journal
