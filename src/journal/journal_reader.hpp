// JournalReader: every batch of the journal in order, each verified before it is handed out.
//
// Verified: segment numbers gap-free from 1, cluster id, schema hash, epochs never decreasing,
// header and record CRC32C, the hash chain across records and segments, batch numbers gap-free,
// log time and event sequence never decreasing, zeros where the format has zeros.
//
// Tail versus middle: bad bytes in the last segment are a torn tail if nothing proves that they
// had been durable: no watermark at or above them, no valid record of a later group behind them,
// nothing but zeros where no group of this size can reach. Everything else is corruption and is
// refused. The last group is the only ambiguous place: its pages may reach the disk in any order,
// so a valid record behind a bad one of the *same* group does not make it corruption.
//
// Memory: one segment. Thread-safety: one thread. Changes nothing on disk.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/data_directory.hpp"
#include "journal/format.hpp"
#include "journal/journal.hpp"
#include "journal/segment_parser.hpp"

namespace perpetua::journal {

class JournalReader final : public BatchLogReader {
 public:
  // Hands out batches >= from. Batches up to `durable_floor` are known to have been durable (a
  // snapshot holds them): bad bytes there are corruption.
  JournalReader(const DataDirectory& directory, BatchNumber from, BatchNumber durable_floor = 0);
  ~JournalReader() override;

  ReadStatus next(StoredBatch& batch) override;
  const JournalEnd& end() const override { return end_; }
  std::string place_of(const StoredBatch& batch) const override;
  std::string part_of(const StoredBatch& batch) const override;

 private:
  bool list_segments();
  bool check_headers();
  bool read_header(std::size_t index, SegmentHeader& header);
  bool open_segment(std::size_t index);
  ReadStatus finish_segment();
  ReadStatus judge_bad_bytes();
  ReadStatus refuse(std::string reason);

  const DataDirectory& directory_;
  BatchNumber from_;
  BatchNumber durable_floor_;
  std::vector<uint64_t> numbers_;
  std::vector<SegmentHeader> headers_;
  std::size_t current_ = 0;
  std::vector<std::byte> bytes_;
  std::optional<SegmentParser> parser_;
  ChainState chain_;
  JournalEnd end_;
  bool started_ = false;
  std::optional<ReadStatus> finished_;
};

}  // namespace perpetua::journal
