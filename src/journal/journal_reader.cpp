#include "journal/journal_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/assert.hpp"

namespace perpetua::journal {

JournalReader::JournalReader(const DataDirectory& directory, BatchNumber from,
                             BatchNumber durable_floor)
    : directory_(directory), from_(from), durable_floor_(durable_floor) {
  chain_.log_time_ms = INT64_MIN;
}

JournalReader::~JournalReader() = default;

std::string JournalReader::place_of(const StoredBatch& batch) const {
  return segment_name(batch.segment_number) + ": offset " + std::to_string(batch.offset);
}

std::string JournalReader::part_of(const StoredBatch& batch) const {
  return segment_name(batch.segment_number) + " epoch " + std::to_string(batch.epoch);
}

ReadStatus JournalReader::refuse(std::string reason) {
  end_.message = std::move(reason);
  finished_ = ReadStatus::corrupt;
  return ReadStatus::corrupt;
}

bool JournalReader::list_segments() {
  const std::string folder = directory_.journal_path();
  std::vector<std::string> names;
  if (const int error = directory_.storage().list(folder, names)) {
    refuse(io_failure(folder, "list", error).message);
    return false;
  }
  uint64_t expected_max = 0;
  for (const std::string& name : names) {
    if (const uint64_t number = number_of(name, kSegmentSuffix)) numbers_.push_back(number);
    // Segment n is prepared only after segment n - 1 was opened.
    const uint64_t prepared = number_of(name, kPreparedSuffix);
    if (prepared > 1) expected_max = std::max(expected_max, prepared - 1);
  }
  std::sort(numbers_.begin(), numbers_.end());
  if (!numbers_.empty()) expected_max = std::max(expected_max, numbers_.back());
  for (uint64_t number = 1; number <= expected_max; ++number) {
    if (number <= numbers_.size() && numbers_[number - 1] == number) continue;
    refuse(folder + "/" + segment_name(number) + ": this segment is missing");
    return false;
  }
  return true;
}

bool JournalReader::read_header(std::size_t index, SegmentHeader& header) {
  const std::string path = directory_.journal_path() + "/" + segment_name(numbers_[index]);
  std::unique_ptr<File> file;
  std::vector<std::byte> block(kBlockBytes);
  std::size_t got = 0;
  int error = directory_.storage().open(path, OpenMode::read, file);
  if (error == 0) error = read_all(*file, 0, block.data(), block.size(), got);
  if (error != 0) {
    refuse(io_failure(path, "read", error).message);
    return false;
  }
  block.resize(got);
  const char* reason = check_segment_header(block, header);
  if (reason == nullptr && header.cluster_id != directory_.cluster_id()) {
    reason = "the segment belongs to another exchange (cluster id)";
  }
  if (reason == nullptr && header.segment_number != numbers_[index]) {
    reason = "the segment has another number than its name";
  }
  if (reason == nullptr && index == 0 && (header.first_batch != 1 || header.prev_hash != 0)) {
    reason = "the first segment does not begin with batch 1";
  }
  if (reason == nullptr && index > 0) {
    const SegmentHeader& before = headers_[index - 1];
    if (header.epoch < before.epoch) reason = "epoch goes backwards";
    if (header.first_batch < before.first_batch) reason = "first batch goes backwards";
  }
  if (reason == nullptr) return true;
  refuse(path + ": offset 0: " + reason);
  return false;
}

bool JournalReader::check_headers() {
  for (std::size_t index = 0; index < numbers_.size(); ++index) {
    SegmentHeader header;
    if (!read_header(index, header)) return false;
    headers_.push_back(header);
  }
  return true;
}

bool JournalReader::open_segment(std::size_t index) {
  current_ = index;
  end_.path = directory_.journal_path() + "/" + segment_name(numbers_[index]);
  end_.offset = kBlockBytes;
  parser_.reset();
  if (const int error = read_whole(directory_.storage(), end_.path, bytes_, kSegmentBytesMax)) {
    refuse(io_failure(end_.path, "read", error).message);
    return false;
  }
  SegmentHeader header;
  const char* reason = check_segment_header(bytes_, header);
  if (reason != nullptr || header.crc32c != headers_[index].crc32c) {
    refuse(end_.path + ": offset 0: the segment header changed while reading");
    return false;
  }
  parser_.emplace(bytes_, header);
  return true;
}

ReadStatus JournalReader::next(StoredBatch& batch) {
  if (finished_) return *finished_;
  if (!started_) {
    started_ = true;
    if (!list_segments() || !check_headers()) return ReadStatus::corrupt;
    end_.segments = numbers_.size();
    if (numbers_.empty()) {
      finished_ = ReadStatus::end;
      return ReadStatus::end;
    }
    std::size_t first = headers_.size() - 1;
    while (first > 0 && headers_[first].first_batch > from_) --first;
    chain_.next_batch = headers_[first].first_batch;
    chain_.last_hash = headers_[first].prev_hash;
    if (!open_segment(first)) return ReadStatus::corrupt;
  }
  for (;;) {
    const ParseStatus status = parser_->next(chain_, batch);
    if (status == ParseStatus::record) {
      end_.offset = parser_->offset();
      if (batch.input.number >= from_) return ReadStatus::batch;
      continue;
    }
    if (status == ParseStatus::bad) return judge_bad_bytes();
    const ReadStatus segment = finish_segment();
    if (segment != ReadStatus::batch) return segment;
  }
}

// `batch` means: go on with the next segment.
ReadStatus JournalReader::finish_segment() {
  end_.position = {numbers_.back() + 1, chain_.next_batch, chain_.last_hash, headers_.back().epoch,
                   std::max<int64_t>(chain_.log_time_ms, 0)};
  if (current_ + 1 == numbers_.size()) {
    finished_ = ReadStatus::end;
    return ReadStatus::end;
  }
  const SegmentHeader& header = headers_[current_ + 1];
  if (header.first_batch != chain_.next_batch || header.prev_hash != chain_.last_hash) {
    return refuse(end_.path + ": offset " + std::to_string(end_.offset) + ": ends before batch " +
                  std::to_string(chain_.next_batch) + ", but " +
                  segment_name(header.segment_number) + " goes on with batch " +
                  std::to_string(header.first_batch) + " or another history");
  }
  return open_segment(current_ + 1) ? ReadStatus::batch : ReadStatus::corrupt;
}

ReadStatus JournalReader::judge_bad_bytes() {
  const std::string place = end_.path + ": offset " + std::to_string(parser_->offset()) + ": " +
                            parser_->reason() + ", where batch " +
                            std::to_string(chain_.next_batch) + " should begin";
  const char* proof = nullptr;
  if (current_ + 1 < numbers_.size()) {
    proof = "a later segment follows";
  } else if (chain_.next_batch <= durable_floor_) {
    proof = "a snapshot shows that it had been durable";
  } else {
    proof = parser_->proof_of_durability(chain_);
  }
  if (proof != nullptr) return refuse(place + "; " + proof);
  finish_segment();
  end_.first_cut_batch = chain_.next_batch;
  end_.message = place;
  finished_ = ReadStatus::torn_tail;
  return ReadStatus::torn_tail;
}

}  // namespace perpetua::journal
