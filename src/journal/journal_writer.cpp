#include "journal/journal_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include "base/assert.hpp"
#include "base/crash_point.hpp"
#include "journal/segment_preparer.hpp"

namespace perpetua::journal {
namespace {

void exit_on_sync_error(const std::string& message) {
  std::fprintf(stderr, "perpetua: the journal cannot be made durable: %s\n", message.c_str());
  std::fflush(stderr);
  ::_exit(kExitSyncError);  // no destructors: nothing may be written or answered from here on
}

}  // namespace

void JournalWriter::BufferDelete::operator()(std::byte* bytes) const {
  ::operator delete (bytes, std::align_val_t{kBlockBytes});
}

JournalWriter::JournalWriter(const DataDirectory& directory, WriterOptions options)
    : directory_(directory), options_(std::move(options)) {
  if (!options_.on_sync_error) options_.on_sync_error = exit_on_sync_error;
}

JournalWriter::~JournalWriter() = default;

Status JournalWriter::open(const JournalPosition& position) {
  PERPETUA_ASSERT(directory_.is_owner());
  PERPETUA_ASSERT(preparer_ == nullptr);
  if (options_.segment_bytes % kBlockBytes != 0 || options_.segment_bytes < 2 * kBlockBytes ||
      options_.segment_bytes > kSegmentBytesMax) {
    return Status::failure("journal segment size " + std::to_string(options_.segment_bytes) +
                           ": must be a multiple of 4096 from 8192 to " +
                           std::to_string(kSegmentBytesMax));
  }
  group_capacity_ = std::min(kGroupBytesMax, options_.segment_bytes - kBlockBytes);
  group_.reset(
      static_cast<std::byte*>(::operator new (group_capacity_, std::align_val_t{kBlockBytes})));
  std::memset(group_.get(), 0, group_capacity_);
  epoch_ = position.last_epoch + 1;
  crc_seed_ = record_crc_seed(directory_.cluster_id());
  next_batch_ = position.next_batch;
  last_hash_ = committed_hash_ = position.last_hash;
  last_log_time_ms_ = position.last_log_time_ms;
  group_first_ = next_batch_;
  durable_batch_ = next_batch_ - 1;
  preparer_ = std::make_unique<SegmentPreparer>(directory_, options_.segment_bytes,
                                                options_.prepare_retry_ms);
  preparer_->request(position.next_segment);
  return open_segment(position.next_segment);
}

Status JournalWriter::open_segment(uint64_t number) {
  std::unique_ptr<File> file;
  Status failure;
  if (preparer_->take(file, failure) != SegmentPreparer::State::ready) return failure;
  return begin_segment(number, std::move(file));
}

// The header is durable before the file gets its name, so a named segment always has one; records
// come only after the name is durable, so a prepared file never holds records.
Status JournalWriter::begin_segment(uint64_t number, std::unique_ptr<File> file) {
  Storage& storage = directory_.storage();
  const std::string prepared = directory_.journal_path() + "/" + prepared_name(number);
  const std::string path = directory_.journal_path() + "/" + segment_name(number);
  SegmentHeader header;
  header.cluster_id = directory_.cluster_id();
  header.epoch = epoch_;
  header.segment_number = number;
  header.first_batch = group_first_;
  header.prev_hash = committed_hash_;
  const auto block = encode_segment_header(header);
  if (const int error = write_all(*file, 0, block.data(), block.size())) {
    return io_failure(prepared, "write the header", error);
  }
  if (const int error = file->sync_data()) return io_failure(prepared, "sync", error);
  PERPETUA_CRASH_POINT("segment_before_rename");
  if (const int error = storage.rename(prepared, path)) return io_failure(path, "rename", error);
  PERPETUA_CRASH_POINT("segment_after_rename");
  if (const int error = storage.sync_directory(directory_.journal_path())) {
    return io_failure(directory_.journal_path(), "sync", error);
  }
  file_ = std::move(file);
  file_path_ = path;
  segment_number_ = number;
  segment_used_ = kBlockBytes;
  preparer_->request(number + 1);
  return Status::success();
}

bool JournalWriter::fits_current(uint64_t group_bytes) const {
  return segment_used_ + round_up(group_bytes, kBlockBytes) <= options_.segment_bytes;
}

void JournalWriter::fail(const std::string& message) {
  failed_ = true;
  options_.on_sync_error(message);
}

AppendResult JournalWriter::append(const BatchInput& batch, uint64_t first_event) {
  PERPETUA_ASSERT(file_ != nullptr);
  if (failed_) return AppendResult::failed;
  PERPETUA_ASSERT(batch.number == next_batch_);
  PERPETUA_ASSERT(batch.log_time_ms >= last_log_time_ms_);
  PERPETUA_ASSERT(is_within_limits(batch));
  const uint64_t bytes = record_bytes(batch.commands.size(), batch.text.size());
  PERPETUA_ASSERT(bytes <= group_capacity_);
  if (group_used_ + bytes > group_capacity_) return AppendResult::group_full;
  if (!fits_current(group_used_ + bytes)) {
    const SegmentPreparer::State state = preparer_->wait();
    if (state == SegmentPreparer::State::no_space) return AppendResult::no_space;
  }
  if (group_used_ == 0) group_first_ = batch.number;
  RecordHeader header;
  header.batch = batch.number;
  header.epoch = epoch_;
  header.log_time_ms = batch.log_time_ms;
  header.first_event = first_event;
  header.durable_batch = durable_batch_.load(std::memory_order_relaxed);
  header.group_first = group_first_;
  header.command_count = static_cast<uint32_t>(batch.commands.size());
  header.text_length = static_cast<uint32_t>(batch.text.size());
  header.prev_hash = last_hash_;
  last_hash_ = encode_record(header, batch, crc_seed_, {group_.get() + group_used_, bytes});
  group_used_ += bytes;
  last_log_time_ms_ = batch.log_time_ms;
  ++next_batch_;
  return AppendResult::appended;
}

bool JournalWriter::commit() {
  PERPETUA_ASSERT(file_ != nullptr);
  if (failed_) return false;
  if (group_used_ == 0) return true;
  const uint64_t padded = round_up(group_used_, kBlockBytes);
  std::memset(group_.get() + group_used_, 0, padded - group_used_);
  if (!fits_current(padded)) {
    if (const Status opened = open_segment(segment_number_ + 1); !opened.ok()) {
      fail(opened.message);
      return false;
    }
  }
  PERPETUA_ASSERT(fits_current(padded));
  PERPETUA_CRASH_POINT("journal_before_write");
  int error = write_all(*file_, segment_used_, group_.get(), padded);
  const char* what = "write";
  if (error == 0) {
    PERPETUA_CRASH_POINT("journal_after_write_before_sync");
    what = "sync";
    error = file_->sync_data();
    PERPETUA_CRASH_POINT("journal_after_sync");
  }
  if (error != 0) {
    fail(io_failure(file_path_, what, error).message);
    return false;
  }
  segment_used_ += padded;
  group_used_ = 0;
  committed_hash_ = last_hash_;
  durable_batch_.store(next_batch_ - 1, std::memory_order_release);
  return true;
}

SpaceState JournalWriter::space_state() const {
  const bool is_short = preparer_->state() == SegmentPreparer::State::no_space;
  return is_short ? SpaceState::reserve : SpaceState::normal;
}

uint64_t JournalWriter::reserve_bytes() const { return options_.segment_bytes - segment_used_; }

}  // namespace perpetua::journal
