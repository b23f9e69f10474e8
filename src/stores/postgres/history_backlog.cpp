#include "stores/postgres/history_backlog.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace perpetua::stores {

namespace {

// In front of each record; the bytes of events, deposits and text follow.
struct RecordHeader {
  uint64_t number = 0;
  int64_t log_time_ms = 0;
  uint64_t events = 0;
  uint64_t fund_deposits = 0;
  uint64_t violations = 0;
  uint64_t text_bytes = 0;
};

static_assert(std::is_trivially_copyable_v<HistoryEvent>);
static_assert(std::is_trivially_copyable_v<FundDeposit>);

void append(std::string& record, const void* data, std::size_t size) {
  record.append(static_cast<const char*>(data), size);
}

bool read_fully(int file, void* data, std::size_t size, uint64_t& offset) {
  auto* to = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t count = pread(file, to, size, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    to += count;
    size -= static_cast<std::size_t>(count);
    offset += static_cast<uint64_t>(count);
  }
  return true;
}

bool write_fully(int file, const char* data, std::size_t size, uint64_t offset) {
  while (size > 0) {
    const ssize_t count = pwrite(file, data, size, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    data += count;
    size -= static_cast<std::size_t>(count);
    offset += static_cast<uint64_t>(count);
  }
  return true;
}

}  // namespace

HistoryBacklog::HistoryBacklog(std::string folder, uint64_t bytes_max, std::size_t memory_bytes_max)
    : folder_(std::move(folder)), bytes_max_(bytes_max), memory_bytes_max_(memory_bytes_max) {}

HistoryBacklog::~HistoryBacklog() { clear(); }

void HistoryBacklog::clear() {
  for (const File& file : files_) close(file.descriptor);
  files_.clear();
  memory_.clear();
  memory_bytes_ = 0;
  file_bytes_ = 0;
  batches_ = 0;
  failure_.clear();
}

bool HistoryBacklog::push(HistoryBatch batch) {
  const std::size_t bytes = batch.bytes();
  const bool fits = memory_.empty() || memory_bytes_ + bytes <= memory_bytes_max_;
  if (file_bytes_ > 0 || !fits) {
    if (!write(batch)) return false;
  } else {
    memory_bytes_ += bytes;
    memory_.push_back(std::move(batch));
  }
  ++batches_;
  return true;
}

std::optional<HistoryBatch> HistoryBacklog::pop() {
  HistoryBatch batch;
  if (!memory_.empty()) {
    batch = std::move(memory_.front());
    memory_.pop_front();
    memory_bytes_ -= batch.bytes();
  } else if (file_bytes_ == 0 || !read(batch)) {
    return std::nullopt;
  }
  --batches_;
  return batch;
}

bool HistoryBacklog::add_file() {
  const int descriptor = open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    failure_ = "history backlog in " + folder_ + ": " + std::strerror(errno);
    return false;
  }
  files_.push_back({descriptor, 0, 0});
  return true;
}

bool HistoryBacklog::write(const HistoryBatch& batch) {
  const RecordHeader header{batch.number,
                            batch.log_time_ms,
                            batch.events.size(),
                            batch.fund_deposits.size(),
                            batch.violations.size(),
                            batch.text.size()};
  record_.clear();
  append(record_, &header, sizeof header);
  append(record_, batch.events.data(), batch.events.size() * sizeof(HistoryEvent));
  append(record_, batch.fund_deposits.data(), batch.fund_deposits.size() * sizeof(FundDeposit));
  append(record_, batch.violations.data(), batch.violations.size() * sizeof(ViolationView));
  record_ += batch.text;
  if (file_bytes_ + record_.size() > bytes_max_) {
    failure_ = "the backlog of the history is full: " + std::to_string(bytes_max_) + " bytes";
    return false;
  }
  const bool needs_file =
      files_.empty() || files_.back().written >= history_limits::kBacklogFileBytes;
  if (needs_file && !add_file()) return false;
  File& file = files_.back();
  if (!write_fully(file.descriptor, record_.data(), record_.size(), file.written)) {
    failure_ = "history backlog in " + folder_ + ": " + std::strerror(errno);
    return false;
  }
  file.written += record_.size();
  file_bytes_ += record_.size();
  return true;
}

bool HistoryBacklog::read(HistoryBatch& batch) {
  File& file = files_.front();
  const uint64_t begin = file.read;
  RecordHeader header;
  bool is_read = read_fully(file.descriptor, &header, sizeof header, file.read);
  if (is_read) {
    batch.number = header.number;
    batch.log_time_ms = header.log_time_ms;
    batch.events.resize(header.events);
    batch.fund_deposits.resize(header.fund_deposits);
    batch.violations.resize(header.violations);
    batch.text.resize(header.text_bytes);
    is_read = read_fully(file.descriptor, batch.events.data(), header.events * sizeof(HistoryEvent),
                         file.read) &&
              read_fully(file.descriptor, batch.fund_deposits.data(),
                         header.fund_deposits * sizeof(FundDeposit), file.read) &&
              read_fully(file.descriptor, batch.violations.data(),
                         header.violations * sizeof(ViolationView), file.read) &&
              read_fully(file.descriptor, batch.text.data(), header.text_bytes, file.read);
  }
  if (!is_read) {
    failure_ = "history backlog in " + folder_ + " cannot be read";
    return false;
  }
  file_bytes_ -= file.read - begin;
  if (file.read == file.written) {
    close(file.descriptor);
    files_.pop_front();
  }
  return true;
}

}  // namespace perpetua::stores
