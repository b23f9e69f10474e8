#include "redis_command.hpp"

#include <memory>
#include <ostream>

#include "journal/recovery.hpp"
#include "stores/projection/audit.hpp"
#include "stores/projection/key_schema.hpp"

namespace perpetua::app {
namespace {

constexpr int kExitSame = 0;
constexpr int kExitDifferent = 1;
constexpr int kExitUsage = 2;

class HotStoreSink final : public journal::ReplaySink {
 public:
  explicit HotStoreSink(stores::HotStore& hot) : hot_(hot) {}
  void on_batch(const AppliedBatch& batch) override { hot_.apply(batch); }

 private:
  stores::HotStore& hot_;
};

// Empty: it was read.
std::string read_journal(const JournalPlace& place, MatchExecutor& executor,
                         stores::HotStore& hot) {
  journal::DataDirectory directory(journal::posix_storage());
  std::unique_ptr<journal::Journal> journal;
  if (const auto opened = open_journal(place, directory, journal); !opened.ok()) {
    return opened.message;
  }
  journal::RecoveryOptions options;
  options.use_snapshots = false;
  HotStoreSink sink(hot);
  std::unique_ptr<Engine> engine;
  return journal::recover(directory, *journal, options, executor, &sink, engine).status.message;
}

}  // namespace

int verify_redis(const JournalPlace& place, const std::string& redis_url, MatchExecutor& executor,
                 std::ostream& out, std::ostream& err) {
  std::string error;
  const auto options = redis::parse_url(redis_url, error);
  if (!options) {
    err << "perpetua redis: " << error << '\n';
    return kExitUsage;
  }
  stores::HotStore hot;
  if (error = read_journal(place, executor, hot); !error.empty()) {
    err << "perpetua redis: " << error << '\n';
    return kExitUsage;
  }
  redis::Client client(*options);
  if (!client.start(error)) {
    err << "perpetua redis: " << error << '\n';
    return kExitUsage;
  }
  const unsigned groups = options->is_cluster ? projection::kClusterGroups : 1;
  const projection::AuditResult result = projection::audit(
      client, hot, groups, [&out](const std::string& line) { out << line << '\n'; });
  client.stop();
  if (!result.error.empty()) {
    err << "perpetua redis: " << result.error << '\n';
    return kExitUsage;
  }
  out << "batch " << hot.applied_batch() << ": " << result.keys << " keys, " << result.differences
      << " differences\n";
  return result.differences == 0 ? kExitSame : kExitDifferent;
}

}  // namespace perpetua::app
