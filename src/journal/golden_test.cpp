// The files of format version 1 and this schema, byte for byte: what is written today is what was
// written when they were recorded, and they replay to the recorded hashes.
//
// A change of layout or of the engine's rules fails here. If it is meant, raise kSchemaHash (or
// kFormatVersion) and record anew: PERPETUA_GOLDEN_WRITE=1 journal_test --gtest_filter='Golden*'
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/schema/market_spec.hpp"
#include "journal/journal_test_support.hpp"
#include "journal/snapshot_store.hpp"
#include "journal/verify.hpp"

namespace perpetua::journal {
namespace {

using namespace testing;

const std::filesystem::path kGolden = PERPETUA_GOLDEN_DIR;

void add(TestBatch& batch, Command command, std::string_view text = {}) {
  command.header.text_offset = static_cast<uint32_t>(batch.text.size());
  command.header.text_length = static_cast<uint16_t>(text.size());
  batch.text += text;
  batch.commands.push_back(command);
}

TestBatch start_batch(BatchNumber number) {
  TestBatch batch;
  batch.number = number;
  batch.log_time_ms = 1'750'000'000'000 + static_cast<int64_t>(number);
  return batch;
}

TestBatch market_batch() {
  TestBatch batch = start_batch(1);
  Command configure(CommandType::configure);
  configure.configure.hash_seed = 7;
  configure.configure.margin_use_max_ppm = 800'000;
  add(batch, configure);
  MarketSpec spec;
  std::memcpy(spec.symbol.data(), "BTC-PERP", 8);
  spec.tick_size_e9 = 1'000'000'000;
  spec.lot_size_e9 = 1'000;
  spec.value_per_tick_lot_micro = 1;
  spec.price_min = Price(1'000);
  spec.price_max = Price(10'000'000);
  spec.notional_min = Micro(1'000'000);
  spec.position_notional_max = Micro(100'000'000'000'000);
  spec.tier_count = 1;
  spec.tiers[0] = {0, 20, 0};
  add(batch, Command(CommandType::create_market),
      {reinterpret_cast<const char*>(&spec), sizeof spec});
  Command price(CommandType::update_price, 0, 0);
  price.update_price.price = Price(65'000);
  price.update_price.source_time_ms = batch.log_time_ms;
  add(batch, price);
  return batch;
}

TestBatch agents_batch() {
  TestBatch batch = start_batch(2);
  for (const std::string_view wallet : {"0xaa", "0xbb"}) {
    Command command(CommandType::register_agent);
    std::memcpy(command.register_agent.key_sha256.data(), wallet.data(), wallet.size());
    command.register_agent.scopes = kScopesAll;
    command.register_agent.start_balance_micro = 1'000'000'000;
    command.register_agent.wallet_length = static_cast<uint16_t>(wallet.size());
    add(batch, command, wallet);
  }
  return batch;
}

Command order(AgentId agent, Side side, int64_t price, int64_t lots) {
  Command command(CommandType::place_order, agent, 0);
  command.header.key = hash128_text(std::to_string(price), 1);
  command.place.side = side;
  command.place.price = Price(price);
  command.place.lots = Lots(lots);
  command.place.leverage = 5;
  command.place.client_id = make_client_id("order-" + std::to_string(price));
  return command;
}

// Two orders that trade, one that rests, and a thought.
TestBatch trading_batch(BatchNumber number) {
  TestBatch batch = start_batch(number);
  const auto step = static_cast<int64_t>(number);
  add(batch, order(1, Side::buy, 65'000 + step, 1'000 * step));
  add(batch, order(2, Side::sell, 64'900 + step, 700 * step));
  Command thought(CommandType::post_thought, 2, 0);
  add(batch, thought, "selling what others want, batch " + std::to_string(number));
  return batch;
}

void run_history(MemoryStorage& storage) {
  {
    Session session(storage, small_segments(16 * 1024));
    ASSERT_EQ(session.append(market_batch()), AppendResult::appended);
    ASSERT_EQ(session.append(agents_batch()), AppendResult::appended);
    ASSERT_TRUE(session.writer->commit());
    ASSERT_EQ(session.append(trading_batch(3)), AppendResult::appended);
    ASSERT_TRUE(session.writer->commit());
    SnapshotStore store(session.directory);
    ASSERT_TRUE(store.write(*session.engine, session.writer->last_hash()).ok());
  }
  Session session(storage, small_segments(16 * 1024));
  ASSERT_EQ(session.append(trading_batch(4)), AppendResult::appended);
  ASSERT_EQ(session.append(trading_batch(5)), AppendResult::appended);
  ASSERT_TRUE(session.writer->commit());
}

const std::vector<std::string> kFiles = {
    "cluster_id", "journal/00000001.segment", "journal/00000002.segment",
    "snapshots/00000000000000000003.snapshot"};

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string summary(Storage& storage, const std::string& path, bool use_snapshots) {
  DataDirectory directory(storage);
  EXPECT_TRUE(directory.open_read_only(path).ok());
  InlineExecutor executor;
  std::unique_ptr<Engine> engine;
  const RecoveryResult result =
      recover(directory, {.use_snapshots = use_snapshots}, executor, nullptr, engine);
  EXPECT_TRUE(result.status.ok()) << result.status.message;
  EXPECT_TRUE(result.rejected_snapshots.empty());
  EXPECT_EQ(result.snapshot_batch, use_snapshots ? 3u : 0u);
  engine->check_invariants();
  return "last_batch " + std::to_string(result.last_batch) + "\nrecord_hash " +
         hash_text(result.position.last_hash) + "\nnext_event " +
         std::to_string(engine->next_event_sequence()) + "\nstate_hash " +
         hash_text(engine->state_hash()) + "\n";
}

TEST(Golden, the_history_is_written_as_it_was_recorded) {
  MemoryStorage storage;
  ASSERT_NO_FATAL_FAILURE(run_history(storage));
  const bool is_recording = std::getenv("PERPETUA_GOLDEN_WRITE") != nullptr;
  for (const std::string& name : kFiles) {
    const auto bytes = storage.content("data/" + name);
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (is_recording) write_text(kGolden / name, text);
    EXPECT_TRUE(read_text(kGolden / name) == text) << name;
  }
  if (is_recording) write_text(kGolden / "expected.txt", summary(storage, "data", false));
}

TEST(Golden, the_recorded_files_replay_to_the_recorded_hashes) {
  const std::string expected = read_text(kGolden / "expected.txt");
  EXPECT_EQ(summary(posix_storage(), kGolden.string(), false), expected);
  EXPECT_EQ(summary(posix_storage(), kGolden.string(), true), expected);
}

}  // namespace
}  // namespace perpetua::journal
