// history_drill: a million fills into the history, the writer killed again and again.
//
//   history_drill --fills 1000000 --kills 50 --server postgres|timescale
//   history_drill --fills 1000000 --kills 50 --url postgresql://... | --file history.sqlite
//
// First a rebuild from the journal, timed (rows a second; all tables); then the same batches with
// the writer's process killed (SIGKILL) at moments spread over them. The checksums of all tables
// must be equal. The database of --url must be empty or of this drill; it is dropped before each
// run. Exit codes: 0 equal; 1 they differ, or the history failed.
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <random>
#include <thread>

#include "base/assert.hpp"
#include "history_drill/flow.hpp"
#include "journal/file_journal.hpp"
#include "journal/recovery.hpp"
#include "stores/history/history_checksum.hpp"
#include "stores/postgres/migrations.hpp"
#include "stores/postgres/postgres_history_writer.hpp"
#include "stores/postgres/postgres_source.hpp"
#include "stores/postgres/timescale_test_support.hpp"
#include "stores/sqlite/history_writer.hpp"
#include "stores/sqlite/reader_pool.hpp"

namespace perpetua::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  uint64_t fills = 1'000'000;
  int kills = 50;
  std::string url;
  std::string file;
  std::string server;  // kind
};

std::unique_ptr<stores::HistoryProjection> open_writer(const Options& options) {
  if (!options.url.empty()) {
    stores::PostgresWriterOptions remote;
    remote.database.url = options.url;
    remote.database.cluster_id = 1;
    remote.database.journal_batch = UINT64_MAX;
    remote.backlog_folder = std::filesystem::temp_directory_path();
    return std::make_unique<stores::PostgresHistoryWriter>(remote);
  }
  stores::HistoryOptions embedded;
  embedded.path = options.file;
  embedded.cluster_id = 1;
  embedded.journal_batch = UINT64_MAX;
  return std::make_unique<stores::HistoryWriter>(embedded);
}

bool drop(const Options& options) {
  if (options.url.empty()) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(options.file + suffix);
    }
    return true;
  }
  pg::Connection connection;
  return connection.open({.url = options.url}).ok() && stores::drop_history(connection).ok();
}

std::vector<stores::TableChecksum> checksums(const Options& options) {
  if (options.url.empty()) {
    stores::ReaderPool file(options.file, 1);
    return stores::checksum_history(file, stores::ChecksumTables::shared);
  }
  stores::PostgresReaderOptions reader;
  reader.primary_url = options.url;
  reader.read_ms = 600'000;
  stores::PostgresSource source(reader, [] { return BatchNumber{0}; });
  return stores::checksum_history(source, stores::ChecksumTables::all);
}

bool write_all(const Options& options, const std::vector<Batch>& batches) {
  const auto writer = open_writer(options);
  for (const Batch& batch : batches) writer->apply_replayed(batch.view());
  if (!writer->flush()) std::cerr << "history_drill: " << writer->failure() << "\n";
  return writer->applied_batch() == batches.back().number;
}

// Kills spread over the time of the undisturbed run, whatever the writer does just then.
bool write_with_kills(const Options& options, const std::vector<Batch>& batches, double seconds) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> part(0.3, 1.7);
  for (int i = 0; i < options.kills; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(write_all(options, batches) ? 0 : 1);
    const double life = seconds / options.kills * part(random) + 0.2;
    std::this_thread::sleep_for(std::chrono::duration<double>(life));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  return write_all(options, batches);
}

// The batches as a journal in a folder of its own.
class JournalFolder {
 public:
  explicit JournalFolder(const std::vector<Batch>& batches) {
    std::string pattern = (std::filesystem::temp_directory_path() / "drill-XXXXXX").string();
    PERPETUA_ASSERT(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
    std::unique_ptr<journal::BatchLog> log;
    PERPETUA_ASSERT(directory_.open({.path = path_, .make_cluster_id = {}}).ok());
    PERPETUA_ASSERT(files_.attach(directory_).ok() && files_.open_log({}, log).ok());
    for (const Batch& batch : batches) {
      const BatchInput input{batch.number, batch.log_time_ms, batch.commands, batch.text};
      const uint64_t first_event = batch.output.first_event;
      auto appended = log->append(input, first_event);
      if (appended == journal::AppendResult::group_full && log->commit()) {
        appended = log->append(input, first_event);
      }
      PERPETUA_ASSERT(appended == journal::AppendResult::appended);
    }
    PERPETUA_ASSERT(log->commit());
  }
  ~JournalFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  JournalFolder(const JournalFolder&) = delete;
  JournalFolder& operator=(const JournalFolder&) = delete;

  // Replays all of it into a history.
  bool rebuild(stores::HistoryProjection& writer) {
    class Sink final : public journal::ReplaySink {
     public:
      explicit Sink(stores::HistoryProjection& history) : history_(history) {}
      void on_batch(const AppliedBatch& batch) override { history_.apply_replayed(batch); }

     private:
      stores::HistoryProjection& history_;
    };
    Sink sink(writer);
    InlineExecutor executor;
    std::unique_ptr<Engine> engine;
    const journal::RecoveryResult result =
        journal::recover(directory_, files_, {.use_snapshots = false}, executor, &sink, engine);
    if (!result.status.ok()) std::cerr << "history_drill: " << result.status.message << "\n";
    return result.status.ok() && writer.flush();
  }

 private:
  std::string path_;
  journal::DataDirectory directory_{journal::posix_storage()};
  journal::FileJournal files_;
};

// A server for --server, with syncs as in earnest.
std::unique_ptr<pg::test::TestServer> start_server(Options& options) {
  if (options.server.empty()) return nullptr;
  const pg::test::Installation installation = options.server == "timescale"
                                                  ? stores::test::timescale_installation()
                                                  : pg::test::native_installation();
  auto server = std::make_unique<pg::test::TestServer>(
      installation, std::vector<std::string>{"fsync=on", "max_wal_size=4GB"});
  options.url = server->create_database("drill");
  return server;
}

int run(Options options) {
  const std::vector<Batch> batches = make_batches(options.fills);
  JournalFolder journal(batches);
  const auto server = start_server(options);
  if (!drop(options)) return 1;
  const auto begin = Clock::now();
  if (!journal.rebuild(*open_writer(options))) return 1;
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const auto reference = checksums(options);
  uint64_t rows = 0;
  for (const auto& table : reference) {
    rows += table.rows;
    if (table.rows > 0) std::cout << stores::checksum_line(table) << "\n";
  }
  std::cout << rows << " rows in " << seconds
            << " s: " << static_cast<uint64_t>(static_cast<double>(rows) / seconds)
            << " rows a second, made from the journal" << std::endl;
  if (options.kills == 0) return 0;
  if (!drop(options) || !write_with_kills(options, batches, seconds)) return 1;
  const bool is_equal = checksums(options) == reference;
  std::cout << "after " << options.kills << " kills: " << (is_equal ? "equal to" : "DIFFERENT from")
            << " the rebuild from the journal\n";
  return is_equal ? 0 : 1;
}

}  // namespace
}  // namespace perpetua::bench

int main(int argc, char** argv) {
  CLI::App app("a million fills into the history, the writer killed again and again");
  perpetua::bench::Options options;
  app.add_option("--fills", options.fills, "fills to write")->capture_default_str();
  app.add_option("--kills", options.kills, "of the writer")->capture_default_str();
  app.add_option("--url", options.url, "PostgreSQL or TimescaleDB; its history is dropped");
  app.add_option("--file", options.file, "SQLite file; it is deleted");
  app.add_option("--server", options.server, "a server of the drill's own")
      ->check(CLI::IsMember({"postgres", "timescale"}));
  CLI11_PARSE(app, argc, argv);
  const int places = !options.url.empty() + !options.file.empty() + !options.server.empty();
  if (places != 1) {
    std::cerr << "history_drill: give one of --server, --url and --file\n";
    return 2;
  }
  return perpetua::bench::run(options);
}
