// MemoryJournal: a journal in memory that one leader writes and any number of followers read, each
// with a data directory of its own, as the table of PostgreSQL. For tests. Thread-safe.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/data_directory.hpp"
#include "journal/journal.hpp"

namespace perpetua::runtime::testing_support {

using Record = std::vector<std::byte>;

inline journal::RecordHeader header_of(const Record& record) {
  journal::RecordHeader header;
  std::memcpy(&header, record.data(), sizeof header);
  return header;
}

// The same batch under a changed header, whole again.
inline Record rewritten(const Record& record, const journal::RecordHeader& header, uint32_t seed) {
  journal::StoredBatch batch;
  journal::ChainState chain;
  take_record(record, header_of(record), chain, batch);
  Record out(record.size());
  encode_record(header, batch.input, seed, out);
  return out;
}

class MemoryJournal final : public journal::Journal {
 public:
  journal::Status attach(const journal::DataDirectory& directory) override {
    const std::lock_guard lock(mutex_);
    if (!cluster_id_) cluster_id_ = directory.cluster_id();
    if (*cluster_id_ == directory.cluster_id()) return journal::Status::success();
    return journal::Status::failure("memory: belongs to another exchange");
  }
  std::unique_ptr<journal::BatchLogReader> read(BatchNumber from, BatchNumber) override {
    const std::lock_guard lock(mutex_);
    return std::make_unique<Reader>(records_, from, seed());
  }
  journal::Status finish_reading(const journal::JournalEnd&) override {
    ++finished_;
    return journal::Status::success();
  }
  journal::Status open_log(const journal::JournalPosition& position,
                           std::unique_ptr<journal::BatchLog>& log) override {
    const std::lock_guard lock(mutex_);
    ++opened_;
    if (position.next_batch != records_.size() + 1) return journal::Status::failure("not the end");
    log = std::make_unique<Log>(*this, position, seed());
    return journal::Status::success();
  }
  bool needs_opening_batch() const override { return true; }
  std::string name() const override { return "memory"; }

  std::vector<Record> records() const {
    const std::lock_guard lock(mutex_);
    return records_;
  }
  void set_records(std::vector<Record> records) {
    const std::lock_guard lock(mutex_);
    records_ = std::move(records);
  }
  std::optional<journal::ClusterId> cluster_id() const { return cluster_id_; }
  uint32_t seed() const { return journal::record_crc_seed(cluster_id_.value()); }
  int times_changed() const { return finished_ + opened_; }

 private:
  class Reader final : public journal::BatchLogReader {
   public:
    Reader(std::vector<Record> records, BatchNumber from, uint32_t seed)
        : records_(std::move(records)), from_(from), seed_(seed) {
      chain_.log_time_ms = INT64_MIN;
    }
    journal::ReadStatus next(journal::StoredBatch& batch) override {
      while (chain_.next_batch <= records_.size()) {
        const BatchNumber number = chain_.next_batch;
        const Record& record = records_[number - 1];
        journal::RecordHeader header;
        const char* reason = check_record(record, seed_, header);
        if (reason == nullptr) reason = check_chain(header, chain_);
        if (reason != nullptr) {
          end_.message = "memory: row " + std::to_string(number) + ": " + reason;
          return journal::ReadStatus::corrupt;
        }
        take_record(record, header, chain_, batch);
        if (number >= from_) return journal::ReadStatus::batch;
      }
      end_.position = {0, chain_.next_batch, chain_.last_hash, chain_.epoch,
                       std::max<int64_t>(chain_.log_time_ms, 0)};
      return journal::ReadStatus::end;
    }
    const journal::JournalEnd& end() const override { return end_; }
    std::string place_of(const journal::StoredBatch& batch) const override {
      return "memory: row " + std::to_string(batch.input.number);
    }
    std::string part_of(const journal::StoredBatch&) const override { return "memory"; }

   private:
    std::vector<Record> records_;
    BatchNumber from_;
    uint32_t seed_;
    journal::ChainState chain_;
    journal::JournalEnd end_;
  };

  class Log final : public journal::BatchLog {
   public:
    Log(MemoryJournal& owner, const journal::JournalPosition& position, uint32_t seed)
        : owner_(owner),
          seed_(seed),
          epoch_(position.last_epoch + 1),
          last_(position.next_batch - 1),
          durable_(last_),
          hash_(position.last_hash) {}
    journal::AppendResult append(const BatchInput& batch, uint64_t first_event) override {
      journal::RecordHeader header;
      header.batch = batch.number;
      header.epoch = epoch_;
      header.log_time_ms = batch.log_time_ms;
      header.first_event = first_event;
      header.durable_batch = batch.number - 1;
      header.group_first = batch.number;
      header.command_count = static_cast<uint32_t>(batch.commands.size());
      header.text_length = static_cast<uint32_t>(batch.text.size());
      header.prev_hash = hash_;
      Record record(journal::record_bytes(batch.commands.size(), batch.text.size()));
      hash_ = encode_record(header, batch, seed_, record);
      last_ = batch.number;
      group_.push_back(std::move(record));
      return journal::AppendResult::appended;
    }
    bool commit() override {
      const std::lock_guard lock(owner_.mutex_);
      for (Record& record : group_) owner_.records_.push_back(std::move(record));
      group_.clear();
      durable_ = last_;
      return true;
    }
    uint64_t epoch() const override { return epoch_; }
    BatchNumber last_appended() const override { return last_; }
    uint64_t last_hash() const override { return hash_; }
    BatchNumber durable_batch() const override { return durable_; }
    journal::SpaceState space_state() const override { return journal::SpaceState::normal; }

   private:
    MemoryJournal& owner_;
    const uint32_t seed_;
    const uint64_t epoch_;
    BatchNumber last_;
    std::atomic<BatchNumber> durable_;
    uint64_t hash_;
    std::vector<Record> group_;
  };

  mutable std::mutex mutex_;
  std::optional<journal::ClusterId> cluster_id_;
  std::vector<Record> records_;
  int finished_ = 0;
  int opened_ = 0;
};

}  // namespace perpetua::runtime::testing_support
