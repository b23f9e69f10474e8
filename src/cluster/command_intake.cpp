#include "cluster/command_intake.hpp"

#include <atomic>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "base/assert.hpp"
#include "cluster/command_group.hpp"
#include "cluster/entry_format.hpp"
#include "cluster/streams.hpp"
#include "engine/schema/market_spec.hpp"
#include "stores/redis/stream_reader.hpp"

namespace perpetua::cluster {
namespace {

constexpr std::chrono::seconds kWarnEvery{1};
constexpr auto kRelaxed = std::memory_order_relaxed;

redis::StreamId to_stream_id(const StreamPosition& position) {
  return {position.milliseconds, position.sequence};
}

redis::StreamId behind(const StreamPosition& position) {
  redis::StreamId id = to_stream_id(position);
  if (++id.sequence == 0) ++id.milliseconds;
  return id;
}

std::string symbol_in(std::string_view spec_bytes) {
  MarketSpec spec;
  if (spec_bytes.size() != sizeof spec) return {};
  std::memcpy(static_cast<void*>(&spec), spec_bytes.data(), sizeof spec);
  return std::string(symbol_view(spec));
}

class SymbolSink final : public DescribeSink {
 public:
  void on_event(const Event& event, std::string_view text) override {
    if (event.header.type != EventType::market_created) return;
    const std::size_t market = event.header.market;
    if (symbols.size() <= market) symbols.resize(market + 1);
    symbols[market] = symbol_in(event_text(event.market_created.spec, text));
  }
  std::vector<std::string> symbols;
};

}  // namespace

IntakeStart intake_start(const Engine& engine) {
  IntakeStart start;
  SymbolSink sink;
  engine.describe(sink);
  start.symbols = std::move(sink.symbols);
  for (uint16_t stream = 0; stream < limits::kStreamsMax; ++stream) {
    start.positions[stream] = engine.stream_position(stream);
  }
  return start;
}

class CommandIntake::Impl {
 public:
  Impl(redis::Client& client, runtime::CommandPort& port, CommandIntakeOptions options)
      : client_(client), port_(port), options_(std::move(options)) {}

  void start();
  void stop();
  void on_batch(const AppliedBatch& batch);
  CommandIntakeCounters counters() const;

 private:
  std::size_t take(uint16_t stream, std::span<redis::StreamEntry> entries);
  void count(const CommandGroup& group);
  void warn(const std::string& line);
  void open(uint16_t stream, std::string_view symbol);
  void market_created(const Command& command, const Outcome& outcome, std::string_view text);

  redis::Client& client_;
  runtime::CommandPort& port_;
  CommandIntakeOptions options_;

  // The client's thread.
  CommandGroup group_;
  std::chrono::steady_clock::time_point warned_at_;
  uint64_t unsaid_ = 0;

  mutable std::mutex mutex_;  // of the readers
  std::map<uint16_t, std::unique_ptr<redis::StreamReader>> readers_;
  bool is_running_ = false;

  std::atomic<uint64_t> entries_{0};
  std::atomic<uint64_t> commands_{0};
  std::atomic<uint64_t> groups_{0};
  std::atomic<uint64_t> damaged_{0};
  std::atomic<uint64_t> other_schema_{0};
  std::atomic<uint64_t> held_up_{0};
};

void CommandIntake::Impl::start() {
  const std::lock_guard lock(mutex_);
  is_running_ = true;
  const std::vector<std::string>& symbols = options_.start.symbols;
  for (std::size_t market = 0; market < symbols.size(); ++market) {
    if (!symbols[market].empty()) open(static_cast<uint16_t>(market), symbols[market]);
  }
  for (uint16_t stream = kAccountsStream; stream < limits::kStreamsMax; ++stream) open(stream, {});
}

void CommandIntake::Impl::stop() {
  std::map<uint16_t, std::unique_ptr<redis::StreamReader>> readers;
  {
    const std::lock_guard lock(mutex_);
    is_running_ = false;
    readers.swap(readers_);
  }
  // Without the lock: it waits for the client's thread.
  readers.clear();
}

void CommandIntake::Impl::open(uint16_t stream, std::string_view symbol) {
  std::unique_ptr<redis::StreamReader>& reader = readers_[stream];
  if (reader != nullptr) return;
  const StreamPosition& position = options_.start.positions[stream];
  redis::StreamReaderOptions options;
  options.key = stream_key(stream, symbol);
  options.field = std::string(kEntryField);
  options.after = to_stream_id(position);
  options.read_every_ms = options_.read_every_ms;
  options.on_lost = [this](const std::string& why) { warn("stream " + why); };
  reader = std::make_unique<redis::StreamReader>(
      client_, std::move(options),
      [this, stream](std::span<redis::StreamEntry> entries) { return take(stream, entries); });
  if (position != StreamPosition()) reader->trim_before(behind(position));
}

std::size_t CommandIntake::Impl::take(uint16_t stream, std::span<redis::StreamEntry> entries) {
  std::size_t taken = 0;
  while (taken < entries.size()) {
    group_.begin(stream);
    for (const redis::StreamEntry& entry : entries.subspan(taken)) {
      const StreamPosition id{entry.id.milliseconds, entry.id.sequence};
      const std::string_view bytes =
          entry.payload ? std::string_view(*entry.payload) : std::string_view();
      if (!group_.add(id, bytes)) break;
    }
    PERPETUA_ASSERT(group_.entries() > 0);
    if (port_.submit(group_.submissions()) != runtime::SubmitResult::accepted) {
      held_up_.fetch_add(1, kRelaxed);
      break;
    }
    count(group_);
    taken += group_.entries();
  }
  return taken;
}

void CommandIntake::Impl::count(const CommandGroup& group) {
  groups_.fetch_add(1, kRelaxed);
  entries_.fetch_add(group.entries(), kRelaxed);
  commands_.fetch_add(group.commands(), kRelaxed);
  const uint32_t unread = group.damaged() + group.other_schema();
  if (unread == 0) return;
  damaged_.fetch_add(group.damaged(), kRelaxed);
  other_schema_.fetch_add(group.other_schema(), kRelaxed);
  warn(std::to_string(unread) +
       " entries of a command stream passed over: " + std::to_string(group.damaged()) +
       " damaged, " + std::to_string(group.other_schema()) + " of another schema");
}

void CommandIntake::Impl::warn(const std::string& line) {
  const auto now = std::chrono::steady_clock::now();
  if (now - warned_at_ < kWarnEvery) {
    ++unsaid_;
    return;
  }
  warned_at_ = now;
  const uint64_t unsaid = std::exchange(unsaid_, 0);
  if (!options_.on_warning) return;
  options_.on_warning(unsaid == 0 ? line : line + " (" + std::to_string(unsaid) + " lines before)");
}

void CommandIntake::Impl::on_batch(const AppliedBatch& batch) {
  for (std::size_t i = 0; i < batch.commands.size(); ++i) {
    const Command& command = batch.commands[i];
    if (batch.outcomes[i].code != ResultCode::ok) continue;
    if (command.header.type == CommandType::create_market) {
      market_created(command, batch.outcomes[i], batch.text);
    } else if (command.header.type == CommandType::consume_stream) {
      const std::lock_guard lock(mutex_);
      const auto found = readers_.find(command.consume.stream);
      if (found != readers_.end()) found->second->trim_before(behind(command.consume.last));
    }
  }
}

void CommandIntake::Impl::market_created(const Command& command, const Outcome& outcome,
                                         std::string_view text) {
  const auto market = static_cast<uint16_t>(outcome.id);
  const std::string symbol =
      symbol_in(text.substr(command.header.text_offset, command.header.text_length));
  const std::lock_guard lock(mutex_);
  std::vector<std::string>& symbols = options_.start.symbols;
  if (symbols.size() <= market) symbols.resize(market + 1);
  symbols[market] = symbol;
  if (is_running_) open(market, symbol);
}

CommandIntakeCounters CommandIntake::Impl::counters() const {
  CommandIntakeCounters counters;
  counters.entries = entries_.load(kRelaxed);
  counters.commands = commands_.load(kRelaxed);
  counters.groups = groups_.load(kRelaxed);
  counters.damaged = damaged_.load(kRelaxed);
  counters.other_schema = other_schema_.load(kRelaxed);
  counters.held_up = held_up_.load(kRelaxed);
  const std::lock_guard lock(mutex_);
  counters.streams = static_cast<uint32_t>(readers_.size());
  for (const auto& [stream, reader] : readers_) {
    counters.lifts += reader->lifts();
    counters.connected += reader->is_connected() ? 1 : 0;
  }
  return counters;
}

CommandIntake::CommandIntake(redis::Client& client, runtime::CommandPort& port,
                             CommandIntakeOptions options)
    : impl_(std::make_unique<Impl>(client, port, std::move(options))) {}

CommandIntake::~CommandIntake() { impl_->stop(); }

void CommandIntake::start() { impl_->start(); }

void CommandIntake::stop() { impl_->stop(); }

void CommandIntake::on_batch(const AppliedBatch& batch,
                             std::span<const runtime::ReplyTarget> /*targets*/) {
  impl_->on_batch(batch);
}

CommandIntakeCounters CommandIntake::counters() const { return impl_->counters(); }

}  // namespace perpetua::cluster
