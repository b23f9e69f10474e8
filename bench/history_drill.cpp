// history_drill: a million fills into the history, the writer killed again and again.
//
//   history_drill --fills 1000000 --kills 50 [--url postgresql://...] [--file history.sqlite]
//
// First an undisturbed run, timed (rows a second; all tables); then the same batches with the
// writer's process killed (SIGKILL) at moments spread over them. The checksums of all tables must
// be equal. The database must be empty or of this drill; it is dropped before each run. Exit codes:
// 0 equal; 1 they differ, or the history failed.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <random>
#include <thread>

#include "engine/engine.hpp"
#include "engine/test_support.hpp"
#include "stores/history/history_checksum.hpp"
#include "stores/postgres/migrations.hpp"
#include "stores/postgres/postgres_history_writer.hpp"
#include "stores/postgres/postgres_source.hpp"
#include "stores/sqlite/history_writer.hpp"
#include "stores/sqlite/reader_pool.hpp"

namespace perpetua::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kAgents = 200;
constexpr int64_t kPrice = 60'000;
constexpr int kOrdersPerBatch = 400;

struct Options {
  uint64_t fills = 1'000'000;
  int kills = 50;
  std::string url;
  std::string file;
};

struct Batch {
  BatchNumber number = 0;
  int64_t log_time_ms = 0;
  std::string text;
  std::vector<Command> commands;
  BatchOutput output;

  AppliedBatch view() const {
    return {number,        log_time_ms, output.first_event, commands, output.outcomes,
            output.events, text};
  }
};

// Pairs of orders that trade, in two markets, among agents chosen at random; a price now and then.
class Market {
 public:
  std::vector<Batch> make(uint64_t fills) {
    std::vector<Batch> batches;
    batches.push_back(open());
    for (uint64_t done = 0; done < fills;) {
      batches.push_back(trade());
      for (const Event& event : batches.back().output.events) {
        done += event.header.type == EventType::fill ? 1 : 0;
      }
    }
    return batches;
  }

 private:
  void add(Batch& batch, Command command, std::string_view text = {}) {
    command.header.text_offset = static_cast<uint32_t>(batch.text.size());
    command.header.text_length = static_cast<uint16_t>(text.size());
    batch.text += text;
    batch.commands.push_back(command);
  }
  void add_price(Batch& batch, MarketId market) {
    Command command(CommandType::update_price, 0, market);
    command.update_price.price = Price(kPrice + pick(20));
    command.update_price.source_time_ms = batch.log_time_ms;
    add(batch, command);
  }
  Batch apply(Batch batch) {
    batch.number = engine_.last_batch() + 1;
    InlineExecutor executor;
    engine_.apply({batch.number, batch.log_time_ms, batch.commands, batch.text}, executor,
                  batch.output);
    return batch;
  }
  int64_t pick(int64_t below) {
    return std::uniform_int_distribution<int64_t>(0, below - 1)(random_);
  }

  Batch open() {
    Batch batch;
    batch.log_time_ms = now_ms_;
    for (const char* symbol : {"BTC-PERP", "ETH-PERP"}) {
      const MarketSpec spec = perpetua::test::make_spec(symbol);
      add(batch, Command(CommandType::create_market),
          {reinterpret_cast<const char*>(&spec), sizeof spec});
    }
    for (int agent = 1; agent <= kAgents; ++agent) {
      const std::string wallet = "wallet" + std::to_string(agent);
      Command command(CommandType::register_agent);
      command.register_agent = RegisterAgent{};
      command.register_agent.wallet_length = static_cast<uint16_t>(wallet.size());
      command.register_agent.start_balance_micro = 900'000'000'000;
      std::memcpy(command.register_agent.key_sha256.data(), &agent, sizeof agent);
      add(batch, command, wallet);
    }
    for (AgentId agent = 1; agent <= kAgents; ++agent) {
      for (MarketId market = 0; market < 2; ++market) {
        add(batch, perpetua::test::set_netting(agent, true, market));
      }
    }
    return apply(std::move(batch));
  }

  Batch trade() {
    Batch batch;
    now_ms_ += 200;
    batch.log_time_ms = now_ms_;
    for (MarketId market = 0; market < 2; ++market) add_price(batch, market);
    for (int i = 0; i < kOrdersPerBatch; ++i) {
      const auto agent = static_cast<AgentId>(1 + pick(kAgents));
      const Side side = pick(2) == 0 ? Side::buy : Side::sell;
      const int64_t price = kPrice + pick(9) - 4;
      add(batch, perpetua::test::limit(agent, side, price, 1'000, static_cast<MarketId>(i % 2)));
    }
    return apply(std::move(batch));
  }

  Engine engine_;
  std::mt19937_64 random_{7};
  int64_t now_ms_ = 1'700'000'000'000;
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

int run(const Options& options) {
  const std::vector<Batch> batches = Market().make(options.fills);
  if (!drop(options)) return 1;
  const auto begin = Clock::now();
  if (!write_all(options, batches)) return 1;
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const auto reference = checksums(options);
  uint64_t rows = 0;
  for (const auto& table : reference) {
    rows += table.rows;
    if (table.rows > 0) std::cout << stores::checksum_line(table) << "\n";
  }
  std::cout << rows << " rows in " << seconds
            << " s: " << static_cast<uint64_t>(static_cast<double>(rows) / seconds)
            << " rows a second\n";
  if (options.kills == 0) return 0;
  if (!drop(options) || !write_with_kills(options, batches, seconds)) return 1;
  const bool is_equal = checksums(options) == reference;
  std::cout << "after " << options.kills << " kills: " << (is_equal ? "equal" : "DIFFERENT")
            << "\n";
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
  CLI11_PARSE(app, argc, argv);
  if (options.url.empty() == options.file.empty()) {
    std::cerr << "history_drill: give --url or --file\n";
    return 2;
  }
  return perpetua::bench::run(options);
}
