#include "journal/journal_test_support.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "base/assert.hpp"

namespace perpetua::journal::testing {
namespace {

void add_text(TestBatch& batch, Command& command, const std::string& text) {
  command.header.text_offset = static_cast<uint32_t>(batch.text.size());
  command.header.text_length = static_cast<uint16_t>(text.size());
  batch.text += text;
}

Command make_registration(TestBatch& batch, uint64_t id) {
  Command command(CommandType::register_agent);
  const std::string wallet = "0x" + std::to_string(1'000'000 + id);
  const std::string name = "agent " + std::to_string(id);
  std::memcpy(command.register_agent.key_sha256.data(), &id, sizeof id);
  command.register_agent.scopes = kScopesAll;
  command.register_agent.start_balance_micro = 5'000'000;
  command.register_agent.wallet_length = static_cast<uint16_t>(wallet.size());
  command.register_agent.display_name_length = static_cast<uint16_t>(name.size());
  add_text(batch, command, wallet + name);
  return command;
}

Command make_command(TestBatch& batch, uint32_t index) {
  const uint64_t id = batch.number * 100 + index;
  const auto agent = static_cast<AgentId>(1 + id % 3);
  switch (id % 4) {
    case 0: return make_registration(batch, id);
    case 1: {
      Command command(CommandType::deposit, agent);
      command.money.amount = Micro(static_cast<int64_t>(1'000 + id));
      return command;
    }
    case 2: {
      Command command(CommandType::post_thought, agent);
      add_text(batch, command, "thought " + std::to_string(id));
      return command;
    }
    default: {
      Command command(CommandType::transfer, agent);
      command.money.amount = Micro(7);
      command.money.to_agent = 1 + agent % 3;
      return command;
    }
  }
}

}  // namespace

TestBatch make_batch(BatchNumber number, uint32_t command_count) {
  TestBatch batch;
  batch.number = number;
  batch.log_time_ms = 1'700'000'000'000 + static_cast<int64_t>(number) * 10;
  for (uint32_t i = 0; i < command_count; ++i) {
    if (number == 1 && i == 0) {
      Command configure(CommandType::configure);
      configure.configure.hash_seed = 42;
      configure.configure.margin_use_max_ppm = 800'000;
      batch.commands.push_back(configure);
      continue;
    }
    batch.commands.push_back(make_command(batch, i));
  }
  return batch;
}

ClusterId test_cluster_id() {
  ClusterId id{};
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<uint8_t>(0xA0 + i);
  return id;
}

DataDirectoryOptions test_options(const std::string& path) {
  return {path, false, test_cluster_id};
}

WriterOptions small_segments(uint64_t segment_bytes) {
  WriterOptions options;
  options.segment_bytes = segment_bytes;
  options.prepare_retry_ms = 1;
  options.on_sync_error = [](const std::string& message) { ADD_FAILURE() << message; };
  return options;
}

std::string bytes_of(const BatchInput& input) {
  std::string bytes = std::to_string(input.log_time_ms) + "|";
  bytes.append(reinterpret_cast<const char*>(input.commands.data()),
               input.commands.size_bytes());
  bytes.append(input.text);
  return bytes;
}

ReadJournal read_journal(Storage& storage, const std::string& path, BatchNumber from) {
  DataDirectory directory(storage);
  const Status opened = directory.open_read_only(path);
  EXPECT_TRUE(opened.ok()) << opened.message;
  JournalReader reader(directory, from);
  ReadJournal result;
  StoredBatch stored;
  while ((result.status = reader.next(stored)) == ReadStatus::batch) {
    result.batches.push_back({stored.input.number, stored.epoch, stored.first_event,
                              bytes_of(stored.input), stored.record_hash, stored.group_first,
                              stored.segment_number, stored.offset,
                              stored.offset + record_bytes(stored.input.commands.size(),
                                                           stored.input.text.size())});
  }
  result.end = reader.end();
  return result;
}

Session::Session(Storage& storage, WriterOptions options, const std::string& path)
    : directory(storage) {
  const Status opened = directory.open(test_options(path));
  EXPECT_TRUE(opened.ok()) << opened.message;
  InlineExecutor executor;
  recovered = recover(directory, {}, executor, nullptr, engine);
  EXPECT_TRUE(recovered.status.ok()) << recovered.status.message;
  if (!recovered.status.ok()) return;
  writer = std::make_unique<JournalWriter>(directory, std::move(options));
  const Status started = writer->open(recovered.position);
  EXPECT_TRUE(started.ok()) << started.message;
}

AppendResult Session::append(uint32_t command_count) {
  return append(make_batch(writer->last_appended() + 1, command_count));
}

AppendResult Session::append(const TestBatch& batch) {
  if (batch.number == engine->last_batch() + 1) {  // else: applied, but not taken for lack of space
    InlineExecutor executor;
    BatchOutput output;
    engine->apply(batch.input(), executor, output);
    first_event = output.first_event;
  }
  return writer->append(batch.input(), first_event);
}

void Session::append_group(uint32_t batches, uint32_t command_count) {
  for (uint32_t i = 0; i < batches; ++i) {
    ASSERT_EQ(append(command_count), AppendResult::appended);
  }
  ASSERT_TRUE(writer->commit());
}

}  // namespace perpetua::journal::testing
