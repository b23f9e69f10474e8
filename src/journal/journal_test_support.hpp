// Shared by the journal's tests: batches with known content, journals in memory, and readers that
// collect. Test code only; one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "journal/data_directory.hpp"
#include "journal/journal_reader.hpp"
#include "journal/journal_writer.hpp"
#include "journal/memory_storage.hpp"
#include "journal/recovery.hpp"

namespace perpetua::journal::testing {

inline constexpr uint64_t kTestSegmentBytes = 64 * 1024;

// Owns what a BatchInput points into.
struct TestBatch {
  BatchNumber number = 0;
  int64_t log_time_ms = 0;
  std::vector<Command> commands;
  std::string text;

  BatchInput input() const { return {number, log_time_ms, commands, text}; }
};

// Batch `number` of a fixed history: registrations, deposits, transfers, thoughts.
TestBatch make_batch(BatchNumber number, uint32_t command_count);

ClusterId test_cluster_id();
DataDirectoryOptions test_options(const std::string& path = "data");
WriterOptions small_segments(uint64_t segment_bytes = kTestSegmentBytes);

// What a reader handed out, in comparable form.
struct ReadBatch {
  BatchNumber number = 0;
  uint64_t epoch = 0;
  uint64_t first_event = 0;
  std::string bytes;  // log time, commands and text
  uint64_t record_hash = 0;
  BatchNumber group_first = 0;
  uint64_t segment_number = 0;
  uint64_t offset = 0;
  uint64_t end_offset = 0;
  bool operator==(const ReadBatch&) const = default;
};
struct ReadJournal {
  ReadStatus status = ReadStatus::end;
  std::vector<ReadBatch> batches;
  JournalEnd end;
};
std::string bytes_of(const BatchInput& input);
ReadJournal read_journal(Storage& storage, const std::string& path = "data",
                         BatchNumber from = 1);

// A start of the exchange: opens the folder, recovers, opens the writer. Appended batches are
// applied to the engine, so that the recorded event sequences are true.
struct Session {
  DataDirectory directory;
  std::unique_ptr<Engine> engine;
  RecoveryResult recovered;
  std::unique_ptr<JournalWriter> writer;

  explicit Session(Storage& storage, WriterOptions options = small_segments(),
                   const std::string& path = "data");
  AppendResult append(uint32_t command_count = 2);
  AppendResult append(const TestBatch& batch);
  void append_group(uint32_t batches, uint32_t command_count = 2);
  uint64_t first_event = 0;  // of the batch the engine applied last
};

}  // namespace perpetua::journal::testing
