// What the command-line tools print, on whole and on damaged journals.
#include "journal/tools.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "journal/dump.hpp"
#include "journal/file_journal.hpp"
#include "journal/journal_test_support.hpp"
#include "journal/snapshot_store.hpp"

namespace perpetua::journal {
namespace {

using namespace testing;

class Tools : public ::testing::Test {
 protected:
  void SetUp() override {
    {
      Session session(storage_);
      session.append_group(3, 4);
      SnapshotStore store(session.directory);
      ASSERT_TRUE(store.write(*session.engine, session.writer->last_hash()).ok());
    }
    {
      Session session(storage_);
      session.append_group(2, 4);
    }
    ASSERT_TRUE(directory_.open_read_only("data").ok());
    ASSERT_TRUE(journal_.attach(directory_).ok());
  }

  bool has_line(const std::string& part) const {
    for (const std::string& line : lines_) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }

  void flip(uint64_t segment, uint64_t offset) {
    const std::string path = "data/journal/" + segment_name(segment);
    auto bytes = storage_.content(path);
    bytes[offset] ^= std::byte{1};
    storage_.set_content(path, bytes);
  }

  MemoryStorage storage_;
  DataDirectory directory_{storage_};
  FileJournal journal_;
  InlineExecutor executor_;
  std::vector<std::string> lines_;
  PrintLine print_ = [this](const std::string& line) { lines_.push_back(line); };
};

TEST_F(Tools, verify_lists_segments_and_snapshots_and_says_ok) {
  const VerifyResult result = verify(directory_, journal_, print_);
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.batches, 5u);
  EXPECT_EQ(result.commands, 20u);
  EXPECT_EQ(result.segments, 2u);
  EXPECT_EQ(result.last_hash, read_journal(storage_).batches.back().record_hash);
  EXPECT_TRUE(has_line("00000001.segment epoch 1 batches 1-3 commands 12"));
  EXPECT_TRUE(has_line("00000002.segment epoch 2 batches 4-5 commands 8"));
  EXPECT_TRUE(has_line("snapshot of batch 3"));
  EXPECT_EQ(lines_.back(), "ok");
}

TEST_F(Tools, verify_names_file_offset_and_reason_of_damage) {
  flip(1, kBlockBytes + 30);
  const VerifyResult result = verify(directory_, journal_, print_);
  EXPECT_FALSE(result.status.ok());
  EXPECT_NE(result.status.message.find(
                "data/journal/00000001.segment: offset 4096: checksum of the record"),
            std::string::npos) << result.status.message;
  EXPECT_FALSE(has_line("ok"));
}

TEST_F(Tools, verify_names_a_torn_tail_without_calling_it_damage) {
  flip(2, kBlockBytes + 30);
  const VerifyResult result = verify(directory_, journal_, print_);
  EXPECT_TRUE(result.status.ok());
  EXPECT_TRUE(result.has_torn_tail);
  EXPECT_TRUE(has_line("torn tail"));
}

TEST_F(Tools, verify_refuses_a_damaged_snapshot_and_one_beyond_the_journal) {
  const std::string path = SnapshotStore(directory_).path_of(3);
  const auto whole = storage_.content(path);
  auto bytes = whole;
  bytes.back() ^= std::byte{1};
  storage_.set_content(path, bytes);
  EXPECT_NE(verify(directory_, journal_, print_).status.message.find("checksum of the body"),
            std::string::npos);
  storage_.set_content(path, whole);
  storage_.remove("data/journal/" + segment_name(1));
  storage_.remove("data/journal/" + segment_name(2));
  storage_.remove("data/journal/" + prepared_name(3));
  EXPECT_NE(verify(directory_, journal_, print_).status.message.find("the journal ends before it"),
            std::string::npos);
}

TEST_F(Tools, dump_gives_one_line_per_command_of_the_batches_asked_for) {
  ASSERT_TRUE(dump(journal_, 2, 3, print_).ok());
  ASSERT_EQ(lines_.size(), 8u);
  EXPECT_EQ(lines_[1], "2 1700000000020 deposit agent=1 amount=1201");
  EXPECT_EQ(lines_[2], "2 1700000000020 post_thought agent=2 \"thought 202\"");
  EXPECT_EQ(lines_[3], "2 1700000000020 transfer agent=3 amount=7 to=1");
  EXPECT_NE(lines_[0].find("register_agent agent=0 key_sha256=c800000000000000 scopes=7"),
            std::string::npos) << lines_[0];
}

TEST(Dump, shows_every_field_of_an_order_and_escapes_text) {
  Command command(CommandType::place_order, 7, 2);
  command.place.price = Price(130'001);
  command.place.lots = Lots(5);
  command.place.side = Side::sell;
  command.place.post_only = PostOnly::slide;
  command.place.flags = kReduceOnly | kIntent;
  command.place.client_id = make_client_id("c-1");
  command.header.key = {1, 0xAB};
  command.header.valid_until_ms = 99;
  command.header.text_length = 5;
  const std::string text = "a\"\n\\b";
  const BatchInput batch{12, 34, {&command, 1}, text};
  EXPECT_EQ(dump_command(batch, command),
            "12 34 place_order agent=7 market=2 side=sell kind=limit price=130001 lots=5 tif=gtc "
            "post_only=slide stp=cancel_newest reduce_only intent client_id=c-1 valid_until=99 "
            "key=000000000000000100000000000000ab \"a\\\"\\x0a\\\\b\"");
}

std::string line_of(const Command& command, std::string_view text = {}) {
  Command given = command;
  given.header.text_length = static_cast<uint16_t>(text.size());
  return dump_command({1, 2, {&given, 1}, text}, given);
}

TEST(Dump, shows_what_guards_an_agent) {
  Command limits(CommandType::set_key_limits, 7);
  limits.header.key_id = 3;
  limits.set_key_limits = SetKeyLimits{};
  limits.set_key_limits.key_id = 4;
  limits.set_key_limits.limits = {Micro(1), Micro(2), Micro(3), 5, 6, 1, {}};
  EXPECT_EQ(line_of(limits),
            "1 2 set_key_limits agent=7 by_key=3 key_id=4 order_notional_max=1 "
            "position_notional_max=2 daily_loss_max=3 leverage_max=6 reduce_only "
            "markets=0000000000000005");
  Command timeout(CommandType::cancel_all_after, 7, 1);
  timeout.cancel_all_after = CancelAllAfter{};
  timeout.cancel_all_after.timeout_ms = 5'000;
  timeout.cancel_all_after.scope = CancelScope::everything;
  EXPECT_EQ(line_of(timeout),
            "1 2 cancel_all_after agent=7 market=1 timeout=5000 scope=everything");
  Command trigger(CommandType::place_trigger, 7, 1);
  trigger.trigger = PlaceTrigger{};
  trigger.trigger.stop = Price(9);
  trigger.trigger.take_profit = Price(8);
  trigger.trigger.flags = kReduceOnly | kReplaceTriggers;
  EXPECT_EQ(line_of(trigger),
            "1 2 place_trigger agent=7 market=1 stop=9 take_profit=8 reduce_only replace");
}

TEST(Dump, shows_what_operators_do_to_markets) {
  MarketSpec spec;
  spec.symbol = {'X', '-', 'P'};
  spec.tier_count = 1;
  spec.tiers[0] = {0, 9, 0};
  Command change(CommandType::change_market, 0, 1);
  change.change_market = ChangeMarket{};
  change.change_market.effective_at_ms = 77;
  EXPECT_EQ(line_of(change, {reinterpret_cast<const char*>(&spec), sizeof spec}),
            "1 2 change_market agent=0 market=1 effective_at=77 symbol=X-P tick_e9=0 lot_e9=0 "
            "maker_ppm=200 taker_ppm=500 band_ppm=200000 tier=0:9");
  Command mode(CommandType::set_market_mode, 0, 1);
  mode.set_market_mode = SetMarketMode{};
  mode.set_market_mode.mode = MarketMode::halted;
  EXPECT_EQ(line_of(mode), "1 2 set_market_mode agent=0 market=1 mode=halted");
  Command fund(CommandType::fund_insurance, 0, 1);
  fund.fund_insurance = FundInsurance{};
  fund.fund_insurance.amount = Micro(5);
  EXPECT_EQ(line_of(fund), "1 2 fund_insurance agent=0 market=1 amount=5");
  Command margin(CommandType::adjust_margin, 7, 1);
  margin.adjust_margin = AdjustMargin{};
  margin.adjust_margin.amount = Micro(-5);
  EXPECT_EQ(line_of(margin), "1 2 adjust_margin agent=7 market=1 amount=-5");
  EXPECT_EQ(line_of(Command(CommandType::tick)), "1 2 tick agent=0");
  Command consumed(CommandType::consume_stream);
  consumed.consume = ConsumeStream{{1'700'000'000'000, 7}, 3, 40, 64, {}};
  EXPECT_EQ(line_of(consumed),
            "1 2 consume_stream agent=0 stream=64 last=1700000000000-7 commands=3 text_bytes=40");
}

TEST(Dump, survives_any_bytes) {
  for (unsigned type = 0; type < 256; ++type) {
    Command command;
    std::memset(static_cast<void*>(&command), static_cast<int>(type), sizeof command);
    command.header.type = static_cast<CommandType>(type);
    const BatchInput batch{1, 1, {&command, 1}, "xyz"};
    EXPECT_NE(dump_command(batch, command), "");
  }
}

TEST_F(Tools, state_hashes_from_zero_and_from_the_snapshot_are_equal) {
  const Status status = print_state_hashes(directory_, journal_, executor_, print_);
  ASSERT_TRUE(status.ok()) << status.message;
  ASSERT_EQ(lines_.size(), 3u);
  const std::string hash = lines_[0].substr(lines_[0].size() - 16);
  EXPECT_EQ(lines_[0], "from zero: batch 5 state hash " + hash);
  EXPECT_EQ(lines_[1], "from snapshot of batch 3: batch 5 state hash " + hash);
  EXPECT_EQ(lines_[2], "equal");
}

TEST_F(Tools, replay_stops_at_the_batch_asked_for) {
  ASSERT_TRUE(print_replay(directory_, journal_, 2, executor_, print_).ok());
  EXPECT_TRUE(has_line("replayed: batch 2 state hash "));
  EXPECT_TRUE(has_line("commands 8"));
  EXPECT_TRUE(has_line("free "));
  const Status beyond = print_replay(directory_, journal_, 9, executor_, print_);
  EXPECT_NE(beyond.message.find("ends with batch 5, before batch 9"), std::string::npos);
}

}  // namespace
}  // namespace perpetua::journal
