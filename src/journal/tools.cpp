#include "journal/tools.hpp"

#include "journal/dump.hpp"
#include "journal/recovery.hpp"

namespace perpetua::journal {
namespace {

// Sums what Engine::describe says.
class Totals final : public DescribeSink {
 public:
  void on_event(const Event& event, std::string_view /*text*/) override {
    switch (event.header.type) {
      case EventType::agent_registered:
        ++agents_;
        break;
      case EventType::order_accepted:
        ++orders_;
        break;
      case EventType::account_changed:
        free_ += event.account_changed.free;
        reserved_ += event.account_changed.reserved;
        position_margin_ += event.account_changed.position_margin;
        break;
      default:
        break;
    }
  }

  void print_to(const PrintLine& print) const {
    print("agents " + std::to_string(agents_) + " open orders " + std::to_string(orders_));
    print("free " + std::to_string(free_.value) + " reserved " + std::to_string(reserved_.value) +
          " position margin " + std::to_string(position_margin_.value) + " micro-USDC");
  }

 private:
  uint64_t agents_ = 0;
  uint64_t orders_ = 0;
  Micro free_;
  Micro reserved_;
  Micro position_margin_;
};

std::string state_line(const char* origin, const Engine& engine) {
  return std::string(origin) + ": batch " + std::to_string(engine.last_batch()) + " state hash " +
         hash_text(engine.state_hash());
}

}  // namespace

Status dump(Journal& journal, BatchNumber from, BatchNumber until, const PrintLine& print) {
  const auto reader = journal.read(from, 0);
  StoredBatch batch;
  ReadStatus read = ReadStatus::batch;
  while ((read = reader->next(batch)) == ReadStatus::batch) {
    if (batch.input.number > until) return Status::success();
    for (const Command& command : batch.input.commands) {
      print(dump_command(batch.input, command));
    }
  }
  if (read == ReadStatus::corrupt) return Status::failure(reader->end().message);
  return Status::success();
}

Status print_state_hashes(const DataDirectory& directory, Journal& journal, MatchExecutor& executor,
                          const PrintLine& print) {
  std::unique_ptr<Engine> replayed;
  const RecoveryResult from_zero =
      recover(directory, journal, {UINT64_MAX, false}, executor, nullptr, replayed);
  if (!from_zero.status.ok()) return from_zero.status;
  print(state_line("from zero", *replayed));

  // To the same batch, in case the exchange is running and the journal has grown since.
  std::unique_ptr<Engine> loaded;
  const RecoveryResult from_snapshot =
      recover(directory, journal, {replayed->last_batch(), true}, executor, nullptr, loaded);
  if (!from_snapshot.status.ok()) return from_snapshot.status;
  for (const std::string& message : from_snapshot.rejected_snapshots) {
    print("skipped " + message);
  }
  if (from_snapshot.snapshot_batch == 0) {
    print("from snapshot: there is none");
    return Status::success();
  }
  const std::string origin =
      "from snapshot of batch " + std::to_string(from_snapshot.snapshot_batch);
  print(state_line(origin.c_str(), *loaded));
  if (loaded->last_batch() != replayed->last_batch() ||
      loaded->state_hash() != replayed->state_hash()) {
    return Status::failure(directory.path() + ": the state hashes differ");
  }
  print("equal");
  return Status::success();
}

Status print_replay(const DataDirectory& directory, Journal& journal, BatchNumber until,
                    MatchExecutor& executor, const PrintLine& print) {
  std::unique_ptr<Engine> engine;
  const RecoveryResult result =
      recover(directory, journal, {until, false}, executor, nullptr, engine);
  if (!result.status.ok()) return result.status;
  engine->check_invariants();
  print(state_line("replayed", *engine));
  print("log time " + std::to_string(engine->log_time_ms()) + " next event " +
        std::to_string(engine->next_event_sequence()) + " commands " +
        std::to_string(result.replayed_commands));
  Totals totals;
  engine->describe(totals);
  totals.print_to(print);
  if (until != UINT64_MAX && engine->last_batch() < until) {
    return Status::failure(journal.name() + ": ends with batch " +
                           std::to_string(engine->last_batch()) + ", before batch " +
                           std::to_string(until));
  }
  return Status::success();
}

}  // namespace perpetua::journal
