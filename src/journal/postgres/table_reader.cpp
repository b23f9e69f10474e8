#include "journal/postgres/table_reader.hpp"

#include <algorithm>
#include <cstring>

#include "journal/postgres/server_check.hpp"
#include "journal/postgres/table_format.hpp"

namespace perpetua::journal::postgres {
namespace {

enum Column { batch_seq, epoch, first_event, command_count, prev_hash, hash, schema_hash, body };

}  // namespace

TableReader::TableReader(Ask ask, const ClusterId& cluster_id, std::string name, BatchNumber from)
    : ask_(std::move(ask)),
      cluster_id_(cluster_id),
      crc_seed_(record_crc_seed(cluster_id)),
      next_(from - 1) {
  end_.path = std::move(name);
  chain_.log_time_ms = INT64_MIN;
}

std::string TableReader::place_of(const StoredBatch& batch) const {
  return end_.path + ": row " + std::to_string(batch.input.number);
}

std::string TableReader::part_of(const StoredBatch& batch) const {
  return "epoch " + std::to_string(batch.epoch);
}

ReadStatus TableReader::refuse(BatchNumber row, const std::string& reason) {
  end_.message = end_.path + ": row " + std::to_string(row) + ": " + reason;
  finished_ = ReadStatus::corrupt;
  return ReadStatus::corrupt;
}

ReadStatus TableReader::finish() {
  end_.position = {0, chain_.next_batch, chain_.last_hash, chain_.epoch,
                   std::max<int64_t>(chain_.log_time_ms, 0)};
  finished_ = ReadStatus::end;
  return ReadStatus::end;
}

bool TableReader::read_page() {
  pg::Parameters parameters;
  parameters.add(static_cast<int64_t>(next_)).add(kPageRows);
  page_ = ask_(kReadPage, parameters);
  row_ = 0;
  if (!page_.ok()) {
    const Status failure = failure_of("cannot be read", page_.error());
    end_.error = failure.error;
    refuse(next_, failure.message);
    return false;
  }
  is_last_page_ = page_.rows() < kPageRows;
  return true;
}

// The row before the first one wanted: the header of the table, or the record whose hash the first
// one continues.
bool TableReader::read_anchor() {
  if (!read_page()) return false;
  if (page_.rows() == 0 || page_.integer(0, batch_seq) != static_cast<int64_t>(next_)) {
    refuse(next_, "missing: the table begins later, or ends before it");
    return false;
  }
  if (next_ == 0) {
    TableHeader header;
    const char* reason = check_table_header(page_.bytes(0, body), header);
    if (reason == nullptr && header.cluster_id != cluster_id_) {
      reason = "the table belongs to another exchange (cluster id)";
    }
    if (reason != nullptr) {
      refuse(0, reason);
      return false;
    }
  } else {
    chain_.next_batch = next_;
    chain_.last_hash = hash_of_bytes(page_.bytes(0, prev_hash)).value_or(0);
    StoredBatch anchor;
    if (const char* reason = read_row(anchor)) {
      refuse(next_, reason);
      return false;
    }
  }
  ++row_;
  ++next_;
  return true;
}

ReadStatus TableReader::next(StoredBatch& batch) {
  if (finished_) return *finished_;
  if (!is_started_) {
    is_started_ = true;
    if (!read_anchor()) return ReadStatus::corrupt;
  }
  if (row_ == page_.rows()) {
    if (is_last_page_) return finish();
    if (!read_page()) return ReadStatus::corrupt;
    if (page_.rows() == 0) return finish();
  }
  if (page_.integer(row_, batch_seq) != static_cast<int64_t>(next_)) {
    return refuse(next_,
                  "missing, but row " + std::string(page_.text(row_, batch_seq)) + " is there");
  }
  if (const char* reason = read_row(batch)) return refuse(next_, reason);
  ++row_;
  ++next_;
  return ReadStatus::batch;
}

// Reads row_ of the page, which is row next_ of the table. nullptr, or the reason.
const char* TableReader::read_row(StoredBatch& batch) {
  if (hash_of_bytes(page_.bytes(row_, schema_hash)) != kSchemaHash) {
    return "schema hash is not the one of this binary";
  }
  const std::string bytes = page_.bytes(row_, body);
  record_.resize(bytes.size());
  if (!bytes.empty()) std::memcpy(record_.data(), bytes.data(), bytes.size());
  RecordHeader header;
  if (const char* reason = check_record(record_, crc_seed_, header)) return reason;
  if (header.length != record_.size()) return "bytes behind the record";
  if (header.batch != next_) return "the record is of another batch";
  if (static_cast<int64_t>(header.epoch) != page_.integer(row_, epoch) ||
      static_cast<int64_t>(header.first_event) != page_.integer(row_, first_event) ||
      static_cast<int64_t>(header.command_count) != page_.integer(row_, command_count) ||
      hash_of_bytes(page_.bytes(row_, prev_hash)) != header.prev_hash) {
    return "the columns differ from the record";
  }
  if (const char* reason = check_chain(header, chain_)) return reason;
  if (header.epoch < chain_.epoch) return "epoch goes backwards";
  take_record(record_, header, chain_, batch);
  if (hash_of_bytes(page_.bytes(row_, hash)) != batch.record_hash) {
    return "the column hash differs from the record's";
  }
  return nullptr;
}

}  // namespace perpetua::journal::postgres
