// The table of settings. A new setting is one row here and its reader in serve.cpp.

#include "settings.hpp"

namespace perpetua::app {
namespace {

constexpr auto kText = SettingKind::text;
constexpr auto kSecret = SettingKind::secret;
constexpr auto kInteger = SettingKind::integer;
constexpr auto kChoice = SettingKind::choice;
constexpr int64_t kRateMost = 10'000'000;

// clang-format off
constexpr SettingSpec kSpecs[] = {
  {"Server", "listen", kText, "127.0.0.1:8082", 0, 0, "", "address and port of HTTP and WebSocket"},
  {"Server", "data_dir", kText, "data", 0, 0, "", "folder of journal, snapshots and history; one process owns it"},
  {"Server", "mode", kChoice, "sandbox", 0, 0, "sandbox|production", "sandbox: paper money, faucet, house agents; production: deposits and withdrawals need the operator key"},
  {"Server", "log_level", kChoice, "info", 0, 0, "debug|info|warn|error", "least severe message that is logged"},
  {"Server", "io_threads", kInteger, "1", 1, 64, "", "threads that serve connections"},
  {"Server", "connections_max", kInteger, "20000", 1, 1'000'000, "", "connections in all; above it new ones are refused"},
  {"Server", "connections_per_address", kInteger, "0", 0, 1'000'000, "", "connections of one client address; 0 = no limit"},
  {"Agents and money", "start_balance", kInteger, "0", 0, 1'000'000, "", "USDC a new agent gets (sandbox only)"},
  {"Agents and money", "operator_key_file", kText, "", 0, 0, "", "file that holds the operator key (at least 32 characters)"},
  {"Agents and money", "operator_key", kSecret, "", 0, 0, "", "the operator key itself; prefer the file. No default: without one, operator requests are refused"},
  {"Root API of the hub", "jwt_secret_file", kText, "", 0, 0, "", "file whose first line (at least 32 characters) signs the tokens of /auth/login"},
  {"Root API of the hub", "jwt_secret", kSecret, "", 0, 0, "", "the secret itself; prefer the file. Required in production mode; in the sandbox one is made and kept in the data folder"},
  {"Root API of the hub", "wallet_login", kChoice, "on", 0, 0, "on|off", "login by a wallet's signature"},
  {"Root API of the hub", "cors_origins", kText, "", 0, 0, "", "web pages that may use the root API: origins, separated by commas"},
  {"Root API of the hub", "intent_stop_loss", kInteger, "10", 0, 90, "", "percent from the mark: stop-loss of an intent that opens a position and gives none; 0 = none"},
  {"Root API of the hub", "intent_take_profit", kInteger, "20", 0, 90, "", "percent from the mark: its take-profit; 0 = none"},
  {"Root API of the hub", "rate_intents", kInteger, "50", 0, 10'000, "", "POST /intents in any second of one agent; 0 = off"},
  {"Root API of the hub", "rate_hub_mutations", kInteger, "50", 0, 10'000, "", "other mutations of the root API in any second of one agent; 0 = off"},
  {"Root API of the hub", "risk_position_max", kInteger, "10000", 0, 10'000'000, "", "USDC of one position of an agent registered there, until it sets its own limit; 0 = none. The four risk settings are written once, with the first batch of a new exchange; its journal keeps them"},
  {"Root API of the hub", "risk_exposure_max", kInteger, "50000", 0, 50'000'000, "", "USDC of all its positions and orders; 0 = no limit (new exchange only)"},
  {"Root API of the hub", "risk_daily_loss_max", kInteger, "1000", 0, 1'000'000, "", "USDC it may lose in a day before orders that do not reduce are refused; 0 = no limit (new exchange only)"},
  {"Root API of the hub", "risk_leverage_max", kInteger, "20", 0, 20, "", "leverage of its orders; 0 = that of the market (new exchange only)"},
  {"Cluster", "role", kText, "all", 0, 0, "", "what this process does: all (the whole exchange), or a comma list of api, ws, engine, projector (docs/operations.md); but for all it needs redis_url and journal = postgres"},
  {"Cluster", "node_name", kText, "", 0, 0, "", "name of this process in logs, metrics and `perpetua engine status`; none: host name and port"},
  {"Cluster", "secrets_dir", kText, "", 0, 0, "", "folder of key_secret and token_secret, which all processes of a cluster share; none: data_dir"},
  {"Cluster", "command_timeout_ms", kInteger, "5000", 100, 60'000, "", "a command sent to the engine that has no outcome for so long is answered outcome_unknown, and is not executed later"},
  {"Cluster", "command_stream_max", kInteger, "8192", 2'048, 1'000'000, "", "entries of a command stream in Redis; above it commands are refused as overloaded"},
  {"Cluster", "trusted_proxies", kText, "", 0, 0, "", "addresses or networks (CIDR), separated by commas, whose X-Forwarded-For names the client"},
  {"Cluster", "drain_ms", kInteger, "0", 0, 600'000, "", "after SIGTERM connections are served on for so long, while /readyz says 503"},
  {"Cluster", "snapshot_publish_s", kInteger, "60", 1, 86'400, "", "the projector puts a snapshot into the journal's database so often, for processes that start"},
  {"Rate limits", "rate_agent", kInteger, "10", 0, kRateMost, "", "mutations a second of one agent; 0 = off"},
  {"Rate limits", "rate_agent_burst", kInteger, "20", 1, kRateMost, "", "mutations one agent may send at once"},
  {"Rate limits", "rate_global", kInteger, "1000", 0, kRateMost, "", "mutations a second of all agents; 0 = off"},
  {"Rate limits", "rate_reads", kInteger, "50", 0, kRateMost, "", "reads a second of one agent, or of one address without a key; 0 = off"},
  {"Rate limits", "rate_registrations", kInteger, "2", 0, kRateMost, "", "registrations a second of one address; 0 = off"},
  {"Rate limits", "rate_registrations_burst", kInteger, "20", 1, kRateMost, "", "registrations one address may send at once"},
  {"Engine", "matchers", kInteger, "1", 1, 64, "", "threads that match markets in parallel; the result is the same for any number"},
  {"Engine", "wait_strategy", kChoice, "block", 0, 0, "block|yield|spin", "how idle stages wait: block leaves the core to others, spin answers soonest"},
  {"Engine", "batch_interval_ms", kInteger, "0", 0, 100, "", "between two batches, at least: fewer and larger ones, where replicas of the journal and processes that follow it pay for each; 0 = as soon as there is a command"},
  {"Engine", "snapshot_every", kInteger, "1000000", 0, 1'000'000'000, "", "commands between two snapshots, in a cluster the projector's; 0 = at shutdown only"},
  {"Engine", "segment_mib", kInteger, "64", 1, 4'096, "", "size of a journal segment in MiB"},
  {"Journal", "journal", kChoice, "file", 0, 0, "file|postgres", "file: segments in data_dir; postgres: a table, which several engines may share, one of them leading"},
  {"Journal", "journal_url", kSecret, "", 0, 0, "", "database of the journal (postgres only); none: database_url"},
  {"Journal", "journal_async_replicas", kChoice, "refuse", 0, 0, "refuse|accept", "a database with replicas and without synchronous_standby_names: accept says that failing over to a replica may lose acknowledged commands"},
  {"Journal", "wait_for_leadership", kChoice, "on", 0, 0, "on|off", "while another engine leads the journal table: on waits, off gives up after 5 s"},
  {"Journal", "leader_silence_ms", kInteger, "1000", 0, 600'000, "", "a waiting engine ends the database connection of a leader that shows no sign for so long; 0 = never"},
  {"Prices and sandbox market", "prices", kChoice, "replay", 0, 0, "replay|push|off", "index prices: recorded bars, the operator's posts, or none"},
  {"Prices and sandbox market", "index_sources_min", kInteger, "1", 1, 16, "", "fresh sources a posted index price needs (prices = push); fewer: price_stale, and the market goes cancel-only"},
  {"Prices and sandbox market", "replay_speed", kInteger, "10", 1, 1'000, "", "recorded seconds played in one second"},
  {"Prices and sandbox market", "insurance_fund", kInteger, "1000000", 0, 1'000'000'000, "", "USDC the insurance fund of each market begins with; written once, with the first batch of a new data directory (sandbox only)"},
  {"Prices and sandbox market", "liquidity", kChoice, "on", 0, 0, "on|off", "house agents that quote and trade around the index (sandbox only)"},
  {"Redis", "redis_url", kSecret, "", 0, 0, "", "Redis that shows the state to all processes and other programs (docs/redis.md): redis://[user:password@]host:port[/database], two or more hosts are a Cluster; none: everything in this process", "REDIS_URL"},
  {"Redis", "redis_write_timeout_ms", kInteger, "250", 10, 60'000, "", "a reply waits so long for Redis to show its effect; then none waits until Redis keeps up again"},
  {"Redis", "redis_read_timeout_ms", kInteger, "100", 5, 60'000, "", "a read that Redis does not answer so long is answered from memory"},
  {"Redis", "redis_connections", kInteger, "2", 1, 64, "", "connections to each Redis server"},
  {"History in PostgreSQL", "database_url", kSecret, "", 0, 0, "", "PostgreSQL or TimescaleDB that holds the history (postgresql://user:password@host:port/database); none: SQLite in data_dir", "DATABASE_URL"},
  {"History in PostgreSQL", "database_replica_urls", kSecret, "", 0, 0, "", "its streaming replicas, separated by blanks or commas: reads go there", "DATABASE_REPLICA_URLS"},
  {"History in PostgreSQL", "database_connections", kInteger, "4", 1, 64, "", "connections for reads to each server"},
  {"History in PostgreSQL", "database_lag_ms", kInteger, "250", 10, 60'000, "", "a replica further behind serves no reads"},
  {"History in PostgreSQL", "database_poll_ms", kInteger, "10", 1, 1'000, "", "each replica is asked so often how far it is; with many processes, more"},
  {"History in PostgreSQL", "database_group_ms", kInteger, "20", 0, 1'000, "", "rows wait so long for more before they are written: fewer and larger transactions"},
  {"History in PostgreSQL", "database_backlog_mib", kInteger, "4096", 1, 1'000'000, "", "rows kept on disk while the server is away"},
  {"History in PostgreSQL", "database_retention_days", kInteger, "0", 0, 36'500, "", "rows older than this are dropped (docs/postgres.md); 0 = none"},
};
// clang-format on

}  // namespace

std::span<const SettingSpec> setting_specs() { return kSpecs; }

}  // namespace perpetua::app
