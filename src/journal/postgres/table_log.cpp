#include "journal/postgres/table_log.hpp"

#include "base/assert.hpp"
#include "journal/postgres/table_format.hpp"

namespace perpetua::journal::postgres {
namespace {

std::string_view as_text(const std::vector<std::byte>& bytes, std::size_t offset,
                         std::size_t length) {
  return {reinterpret_cast<const char*>(bytes.data()) + offset, length};
}

}  // namespace

TableLog::TableLog(Leader& leader, const DataDirectory& directory, const JournalPosition& position)
    : leader_(leader),
      directory_(directory),
      crc_seed_(record_crc_seed(directory.cluster_id())),
      epoch_(position.last_epoch + 1),
      next_batch_(position.next_batch),
      last_log_time_ms_(position.last_log_time_ms),
      last_hash_(position.last_hash),
      durable_hash_(position.last_hash),
      durable_batch_(position.next_batch - 1) {
  group_.reserve(kGroupBytesMax);
}

TableLog::~TableLog() { report_shortage_to(nullptr); }

Status TableLog::open() {
  const Status opened = seen_.open(directory_, {durable_batch_.load(), epoch_ - 1, durable_hash_});
  if (!opened.ok()) return opened;
  const auto guard = leader_.lock();
  leader_.set_epoch(epoch_);
  return Status::success();
}

void TableLog::report_shortage_to(std::atomic<bool>* is_short) {
  const auto guard = leader_.lock();
  leader_.report_shortage_to(is_short);
}

AppendResult TableLog::append(const BatchInput& batch, uint64_t first_event) {
  if (is_over_) return AppendResult::failed;
  PERPETUA_ASSERT(batch.number == next_batch_);
  PERPETUA_ASSERT(batch.log_time_ms >= last_log_time_ms_);
  PERPETUA_ASSERT(is_within_limits(batch));
  const std::size_t bytes = record_bytes(batch.commands.size(), batch.text.size());
  if (group_.size() + bytes > kGroupBytesMax) return AppendResult::group_full;
  Row row;
  row.batch = batch.number;
  row.first_event = first_event;
  row.command_count = static_cast<uint32_t>(batch.commands.size());
  row.prev_hash = last_hash_;
  row.offset = group_.size();
  row.length = bytes;
  const RecordHeader header = record_header_of(batch, first_event, epoch_, last_hash_);
  group_.resize(group_.size() + bytes);
  row.hash = encode_record(header, batch, crc_seed_, {group_.data() + row.offset, bytes});
  last_hash_ = row.hash;
  last_log_time_ms_ = batch.log_time_ms;
  ++next_batch_;
  rows_.push_back(row);
  return AppendResult::appended;
}

pg::Parameters TableLog::parameters() const {
  std::vector<int64_t> batches;
  std::vector<int64_t> first_events;
  std::vector<int64_t> command_counts;
  std::vector<std::string> hashes;  // of the row before the group, then of each row
  std::vector<std::string_view> bodies;
  hashes.push_back(hash_bytes_of(rows_.front().prev_hash));
  for (const Row& row : rows_) {
    batches.push_back(static_cast<int64_t>(row.batch));
    first_events.push_back(static_cast<int64_t>(row.first_event));
    command_counts.push_back(row.command_count);
    hashes.push_back(hash_bytes_of(row.hash));
    bodies.push_back(as_text(group_, row.offset, row.length));
  }
  const std::vector<std::string_view> before(hashes.begin(), hashes.end() - 1);
  const std::vector<std::string_view> own(hashes.begin() + 1, hashes.end());
  pg::Parameters out;
  out.add(static_cast<int64_t>(rows_.front().batch) - 1)
      .add_bytes(hashes.front())
      .add(static_cast<int64_t>(epoch_))
      .add_bytes(hash_bytes_of(kSchemaHash))
      .add_text(integer_array(batches))
      .add_text(integer_array(first_events))
      .add_text(integer_array(command_counts))
      .add_bytes(bytes_array(before))
      .add_bytes(bytes_array(own))
      .add_bytes(bytes_array(bodies));
  return out;
}

// Takes out of the group what Leader knows to be durable; true if nothing is left.
bool TableLog::drop_durable() {
  const Tip durable = leader_.durable();
  std::size_t count = 0;
  while (count < rows_.size() && rows_[count].batch <= durable.batch) ++count;
  if (count == 0) return rows_.empty();
  PERPETUA_ASSERT(rows_[count - 1].hash == durable.hash);
  const std::size_t bytes = rows_[count - 1].offset + rows_[count - 1].length;
  group_.erase(group_.begin(), group_.begin() + static_cast<std::ptrdiff_t>(bytes));
  rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(count));
  for (Row& row : rows_) row.offset -= bytes;
  durable_hash_ = durable.hash;
  // Before anybody learns of it, so that what was acknowledged is never unseen here.
  const Status marked = seen_.write({durable.batch, durable.epoch, durable.hash});
  if (!marked.ok()) leader_.end(kExitSeenMark, marked.message);
  durable_batch_.store(durable.batch, std::memory_order_release);
  return rows_.empty();
}

bool TableLog::commit() {
  const auto guard = leader_.lock();
  // Twice, so that a connection that was lost while idle costs one reconnection and no wait.
  for (int attempt = 0; attempt < 2 && !rows_.empty(); ++attempt) {
    if (!leader_.ensure()) break;
    if (drop_durable()) break;
    const Tip last{rows_.back().batch, epoch_, rows_.back().hash};
    const Leader::Written written =
        leader_.insert(parameters(), static_cast<int64_t>(rows_.size()), last);
    if (written == Leader::Written::refused) break;
    if (written == Leader::Written::committed) drop_durable();
  }
  is_over_ = leader_.is_over();
  return rows_.empty();
}

}  // namespace perpetua::journal::postgres
