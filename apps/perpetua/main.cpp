// perpetua: one binary. serve, load, engine, journal, db, settings; `perpetua --help` is the
// manual.

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>

#include "db_command.hpp"
#include "engine_command.hpp"
#include "journal_command.hpp"
#include "journal_setup.hpp"
#include "load/load.hpp"
#include "operator_key.hpp"
#include "redis_command.hpp"
#include "runtime/matcher_pool.hpp"
#include "serve.hpp"
#include "settings.hpp"

namespace perpetua::app {
namespace {

constexpr const char* kFooter = R"(
PERPETUA is a perpetual-futures exchange for autonomous agents.

  perpetua serve                     start: sandbox market on 127.0.0.1:8082, data in ./data
  perpetua serve --config FILE       with a configuration file (perpetua settings --toml shows one)
  perpetua load --agents 50          drive a running exchange and print latencies
  perpetua load agents               agents with a private stream each, everything audited
  perpetua engine handover           of several engines another one leads, without a failed request
  perpetua journal verify            check every byte of a data directory
  perpetua db status                 the history: where it is and how far it has come
  perpetua redis verify              compare Redis with the journal, key by key

Every setting of `serve` can be given as flag, as PERPETUA_* variable, or in the TOML file; a flag
beats a variable beats the file. `perpetua serve --help` lists them with range and default.

Exit codes: 0 fine; 1 a check failed; 2 wrong usage or an invalid setting; 3 cannot start (the
message says why); 4 something accepted could not be made durable; 74 the disk failed to sync; 75
another engine leads the journal table now; 76 the database of the journal lost history; 77
this process could not follow the journal any more and is to be started again.
)";

// The operator key is read from a file or the environment only: a flag shows in process lists.
bool has_flag(const SettingSpec& spec) { return spec.kind != SettingKind::secret; }

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void add_serve(CLI::App& app, int& status) {
  CLI::App* serve_app = app.add_subcommand("serve", "start the exchange");
  auto flags = std::make_shared<std::map<std::string, std::string>>();
  auto config = std::make_shared<std::string>();
  serve_app->add_option("--config", *config, "TOML file with settings")->type_name("FILE");
  for (const SettingSpec& spec : setting_specs()) {
    if (!has_flag(spec)) continue;
    serve_app
        ->add_option_function<std::string>(
            flag_name(spec),
            [flags, key = std::string(spec.key)](const std::string& value) {
              (*flags)[key] = value;
            },
            spec.help)
        ->group(spec.section);
  }
  serve_app->footer([] { return settings_help(); });
  serve_app->callback([flags, config, &status] {
    Settings settings;
    if (const auto error = settings.load(*flags, variable, *config)) {
      std::cerr << "perpetua: " << *error << "\n";
      status = kExitUsage;
      return;
    }
    status = serve(settings);
  });
}

void add_settings(CLI::App& app) {
  CLI::App* settings_app = app.add_subcommand("settings", "print every setting of serve");
  auto toml = std::make_shared<bool>(false);
  settings_app->add_flag("--toml", *toml, "as a commented TOML file instead of a table");
  settings_app->callback([toml] { std::cout << (*toml ? settings_toml() : settings_markdown()); });
}

// What both kinds of load can be told; rate and key need parse_load().
struct LoadFlags {
  std::string rate = "100";
  std::string key_file;
};

void add_load_flags(CLI::App& app, load::LoadOptions& options, LoadFlags& flags) {
  app.add_option("--agents", options.agents, "agents to register")->capture_default_str();
  app.add_option("--rate", flags.rate, "orders a second over all agents, or max")
      ->capture_default_str();
  app.add_option("--duration", options.duration_s, "seconds")->capture_default_str();
  app.add_option("--markets", options.markets, "markets (default: all)")->delimiter(',');
  app.add_option("--url", options.url, "the exchange")->capture_default_str();
  app.add_option("--operator-key-file", flags.key_file,
                 "file that holds the operator key, to fund agents in production mode; or give "
                 "PERPETUA_OPERATOR_KEY")
      ->type_name("FILE");
  app.add_option("--fund", options.fund_usdc, "USDC for each agent")->capture_default_str();
  app.add_option("--timeout-ms", options.timeout_ms, "a later reply counts as an error")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of the order mix")->capture_default_str();
  app.add_flag("--allow-remote", options.allow_remote, "targets that are not this machine");
}

std::optional<std::string> parse_load(const LoadFlags& flags, load::LoadOptions& options) {
  const auto rate = load::parse_rate(flags.rate);
  if (!rate) return "--rate is '" + flags.rate + "', allowed: a number or max";
  options.rate_per_s = *rate;
  options.operator_key =
      read_operator_key(flags.key_file, variable("PERPETUA_OPERATOR_KEY").value_or(std::string()));
  return std::nullopt;
}

// Runs the load if nothing is wrong with what it was told.
template <typename Options>
int start_load(const LoadFlags& flags, load::LoadOptions& base, const Options& options,
               int (*run)(const Options&)) {
  auto error = parse_load(flags, base);
  if (!error) error = load::validate(options);
  if (!error) return run(options);
  std::cerr << "perpetua: " << *error << "\n";
  return kExitUsage;
}

void add_load_agents(CLI::App& load_app, int& status) {
  CLI::App* app = load_app.add_subcommand(
      "agents", "agents with a private stream each, orders repeated once, everything audited");
  auto options = std::make_shared<load::AgentsOptions>();
  auto flags = std::make_shared<LoadFlags>();
  add_load_flags(*app, options->load, *flags);
  app->add_option("--connections", options->load.connections,
                  "HTTP connections at most (default 512), opened as they are needed");
  app->add_option("--market-data", options->market_data,
                  "sockets that follow book, trades and ticker, too")
      ->capture_default_str();
  app->add_option("--retry-ms", options->retry_ms, "without a reply for so long: once more")
      ->capture_default_str();
  app->add_option("--retry-pause-ms", options->retry_pause_ms, "before a second attempt")
      ->capture_default_str();
  app->add_option("--agents-file", options->agents_file, "agents of earlier runs are used again")
      ->type_name("FILE");
  app->add_option("--seconds-file", options->seconds_file, "CSV with a row a second")
      ->type_name("FILE");
  app->add_option("--acknowledged-file", options->acknowledged_file,
                  "time of each acknowledged request, microseconds since 1970")
      ->type_name("FILE");
  app->add_flag("!--no-audit", options->has_audit, "do not look up every order at the end");
  app->callback([options, flags, &status] {
    status = start_load(*flags, options->load, *options, load::run_agents);
  });
}

void add_load(CLI::App& app, int& status) {
  CLI::App* load_app = app.add_subcommand("load", "drive a running exchange, print latencies");
  auto options = std::make_shared<load::LoadOptions>();
  auto flags = std::make_shared<LoadFlags>();
  auto transport = std::make_shared<std::string>("http");
  add_load_flags(*load_app, *options, *flags);
  load_app->add_option("--transport", *transport, "http or ws")
      ->check(CLI::IsMember({"http", "ws"}))
      ->capture_default_str();
  load_app->add_option("--batch", options->batch, "orders in one request")->capture_default_str();
  load_app->add_option("--connections", options->connections,
                       "HTTP connections (default: one per agent, at most 64)");
  add_load_agents(*load_app, status);
  load_app->callback([load_app, options, flags, transport, &status] {
    if (!load_app->get_subcommands().empty()) return;
    options->transport = *transport == "ws" ? load::TransportKind::ws : load::TransportKind::http;
    status = start_load(*flags, *options, *options, load::run_load);
  });
}

// Which journal a tool reads. Called after parsing, what it returns gives the database of the
// journal table, or an empty text for segment files; throws std::runtime_error without an address.
std::function<std::string()> add_journal_option(CLI::App& app) {
  auto kind = std::make_shared<std::string>(variable("PERPETUA_JOURNAL").value_or("file"));
  app.add_option("--journal", *kind,
                 "file or postgres; the database is PERPETUA_JOURNAL_URL or DATABASE_URL")
      ->check(CLI::IsMember({"file", "postgres"}))
      ->capture_default_str();
  return [kind] {
    if (*kind != "postgres") return std::string();
    Settings settings;
    if (const auto error = settings.load({}, variable, {})) throw std::runtime_error(*error);
    return journal_url(settings);
  };
}

void add_journal_verb(CLI::App& journal, const char* name, const char* help, JournalVerb verb,
                      int& status) {
  CLI::App* verb_app = journal.add_subcommand(name, help);
  auto options = std::make_shared<JournalCommandOptions>();
  auto threads = std::make_shared<uint32_t>(1);
  options->verb = verb;
  options->place.data_dir = "data";
  verb_app->add_option("--data-dir", options->place.data_dir, "data directory")
      ->capture_default_str();
  if (verb == JournalVerb::dump) verb_app->add_option("--from", options->from, "first batch");
  if (verb == JournalVerb::dump || verb == JournalVerb::replay) {
    verb_app->add_option("--until", options->until, "last batch");
  }
  if (verb == JournalVerb::state_hash || verb == JournalVerb::replay) {
    verb_app->add_option("--threads", *threads, "matcher threads")->check(CLI::Range(1, 64));
  }
  const auto table_url = add_journal_option(*verb_app);
  verb_app->callback([options, threads, table_url, &status] {
    options->place.table_url = table_url();
    runtime::MatcherPool executor(*threads, runtime::WaitKind::blocking);
    status = run_journal_command(*options, executor, std::cout, std::cerr);
  });
}

void add_db_verb(CLI::App& db, const char* name, const char* help, DbVerb verb, int& status) {
  CLI::App* verb_app = db.add_subcommand(name, help);
  auto flags = std::make_shared<std::map<std::string, std::string>>();
  auto config = std::make_shared<std::string>();
  verb_app->add_option("--config", *config, "TOML file with settings")->type_name("FILE");
  verb_app->add_option_function<std::string>(
      "--data-dir", [flags](const std::string& value) { (*flags)["data_dir"] = value; },
      "data directory");
  verb_app->callback([flags, config, verb, &status] {
    Settings settings;
    if (const auto error = settings.load(*flags, variable, *config)) {
      std::cerr << "perpetua: " << *error << "\n";
      status = kExitUsage;
      return;
    }
    runtime::MatcherPool executor(1, runtime::WaitKind::blocking);
    const bool is_table = settings.text("journal") == "postgres";
    const DbCommandOptions options{verb, history_place(settings),
                                   is_table ? journal_url(settings) : std::string()};
    status = run_db_command(options, executor, std::cout, std::cerr);
  });
}

void add_db(CLI::App& app, int& status) {
  CLI::App* db = app.add_subcommand("db", "the history: PostgreSQL (DATABASE_URL) or SQLite");
  db->require_subcommand(1);
  add_db_verb(*db, "migrate", "bring the tables to this binary's version", DbVerb::migrate, status);
  add_db_verb(*db, "status", "versions, batches and replicas", DbVerb::status, status);
  add_db_verb(*db, "rebuild", "drop the history and make it from the journal; exchange stopped",
              DbVerb::rebuild, status);
  add_db_verb(*db, "checksum", "one checksum of each table, equal for every kind of database",
              DbVerb::checksum, status);
}

void add_engine_verb(CLI::App& engine, const char* name, const char* help, EngineVerb verb,
                     int& status) {
  CLI::App* verb_app = engine.add_subcommand(name, help);
  auto config = std::make_shared<std::string>();
  verb_app->add_option("--config", *config, "TOML file with settings")->type_name("FILE");
  verb_app->callback([config, verb, &status] {
    Settings settings;
    if (const auto error = settings.load({}, variable, *config)) {
      std::cerr << "perpetua: " << *error << "\n";
      status = kExitUsage;
      return;
    }
    status = run_engine_command(verb, journal_url(settings), std::cout, std::cerr);
  });
}

void add_engine(CLI::App& app, int& status) {
  CLI::App* engine = app.add_subcommand("engine", "engines that share a journal table");
  engine->require_subcommand(1);
  add_engine_verb(*engine, "status", "who leads and who stands by", EngineVerb::status, status);
  add_engine_verb(*engine, "handover", "the leader finishes, and another engine leads",
                  EngineVerb::handover, status);
}

void add_journal(CLI::App& app, int& status) {
  CLI::App* journal =
      app.add_subcommand("journal", "inspect a data directory or journal table (read-only)");
  journal->require_subcommand(1);
  add_journal_verb(*journal, "verify", "check every segment, record and snapshot",
                   JournalVerb::verify, status);
  add_journal_verb(*journal, "dump", "print commands, one a line", JournalVerb::dump, status);
  add_journal_verb(*journal, "state-hash", "replay and print the hash of the state",
                   JournalVerb::state_hash, status);
  add_journal_verb(*journal, "replay", "replay up to a batch and describe the state",
                   JournalVerb::replay, status);
}

// The address holds a password, so it comes from the environment alone.
void add_redis(CLI::App& app, int& status) {
  CLI::App* redis_app = app.add_subcommand("redis", "what Perpetua keeps in Redis (REDIS_URL)");
  redis_app->require_subcommand(1);
  CLI::App* verify_app = redis_app->add_subcommand(
      "verify", "compare Redis with the journal of an exchange that stands still");
  auto data_dir = std::make_shared<std::string>("data");
  verify_app->add_option("--data-dir", *data_dir, "data directory")->capture_default_str();
  const auto table_url = add_journal_option(*verify_app);
  verify_app->callback([data_dir, table_url, &status] {
    const auto own = variable("PERPETUA_REDIS_URL");
    const auto url = own ? own : variable("REDIS_URL");
    runtime::MatcherPool executor(1, runtime::WaitKind::blocking);
    status = verify_redis({*data_dir, table_url()}, url.value_or(std::string()), executor,
                          std::cout, std::cerr);
  });
}

}  // namespace
}  // namespace perpetua::app

int main(int argc, char** argv) {
  CLI::App app("perpetua");
  app.footer(perpetua::app::kFooter);
  app.set_version_flag("--version", "perpetua 0.1.0");
  app.require_subcommand(1);
  int status = 0;
  perpetua::app::add_serve(app, status);
  perpetua::app::add_load(app, status);
  perpetua::app::add_engine(app, status);
  perpetua::app::add_journal(app, status);
  perpetua::app::add_db(app, status);
  perpetua::app::add_redis(app, status);
  perpetua::app::add_settings(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : perpetua::app::kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "perpetua: " << error.what() << "\n";
    return perpetua::app::kExitCannotStart;
  }
  return status;
}
