#include "journal_batches.hpp"

#include "journal/recovery.hpp"
#include "journal_setup.hpp"

namespace perpetua::app {
namespace {

struct Ended {};  // thrown through recover(), which knows no end but its own

class Taker final : public journal::ReplaySink {
 public:
  explicit Taker(const std::function<bool(const AppliedBatch&)>& take) : take_(take) {}
  void on_batch(const AppliedBatch& batch) override {
    if (!take_(batch)) throw Ended();
  }

 private:
  const std::function<bool(const AppliedBatch&)>& take_;
};

}  // namespace

std::string JournalBatches::read(BatchNumber first, BatchNumber last,
                                 const std::function<bool(const AppliedBatch& batch)>& take) {
  journal::DataDirectory directory(journal::posix_storage());
  std::unique_ptr<journal::Journal> journal;
  const journal::Status opened = open_journal({data_dir_, table_url_}, directory, journal);
  if (!opened.ok()) return opened.message;
  journal::RecoveryOptions options;
  options.at_most = last;
  options.snapshot_at_most = first - 1;
  InlineExecutor executor;
  Taker taker(take);
  std::unique_ptr<Engine> engine;
  try {
    const journal::RecoveryResult result =
        journal::recover(directory, *journal, options, executor, &taker, engine);
    if (!result.status.ok()) return result.status.message;
    if (result.last_batch >= last) return {};
    return journal->name() + " ends with batch " + std::to_string(result.last_batch);
  } catch (const Ended&) {
    return {};
  }
}

}  // namespace perpetua::app
