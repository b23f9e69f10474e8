#include "journal_setup.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <utility>

#include "journal/file_journal.hpp"
#include "process_setup.hpp"
#include "server_setup.hpp"

namespace perpetua::app {
namespace {

void end_process(int exit_code, const std::string& message) {
  spdlog::critical("{}", message);
  spdlog::default_logger()->flush();
  ::_exit(exit_code);  // no destructors: nothing may be written or answered from here on
}

}  // namespace

std::string journal_url(const Settings& settings) {
  for (const char* name : {"journal_url", "database_url"}) {
    if (!settings.text(name).empty()) return settings.text(name);
  }
  throw std::runtime_error(
      "setting journal is 'postgres', but neither PERPETUA_JOURNAL_URL nor DATABASE_URL says where "
      "the database is");
}

journal::postgres::TableOptions leader_options(const Settings& settings) {
  journal::postgres::TableOptions options;
  options.url = journal_url(settings);
  options.accepts_async_replicas = settings.text("journal_async_replicas") == "accept";
  options.waits_for_leadership = settings.is_on("wait_for_leadership");
  options.leader_silence_ms = settings.integer("leader_silence_ms");
  options.node_name = node_name(settings);
  options.log = [](const std::string& line) { spdlog::warn("journal: {}", line); };
  options.on_over = end_process;
  return options;
}

std::unique_ptr<journal::postgres::TableJournal> lead_journal(const Settings& settings,
                                                              const sigset_t& signals) {
  auto table = std::make_unique<journal::postgres::TableJournal>(leader_options(settings));
  const journal::Status led = table->lead([&] { return is_pending(signals); });
  if (led.error == EINTR) return nullptr;
  if (!led.ok()) throw std::runtime_error(led.message);
  spdlog::info("leading the {}", table->name());
  return table;
}

journal::Status open_journal(const JournalPlace& place, journal::DataDirectory& directory,
                             std::unique_ptr<journal::Journal>& journal) {
  if (place.table_url.empty()) {
    const journal::Status opened = directory.open_read_only(place.data_dir);
    journal = std::make_unique<journal::FileJournal>();
    return opened.ok() ? journal->attach(directory) : opened;
  }
  journal::postgres::TableOptions table_options;
  table_options.url = place.table_url;
  auto table = std::make_unique<journal::postgres::TableJournal>(std::move(table_options));
  std::optional<journal::ClusterId> id;
  journal::Status status = table->open_to_read();
  if (status.ok()) status = table->cluster_id(id);
  if (status.ok()) status = directory.open_read_only(place.data_dir, id);
  journal = std::move(table);
  return status.ok() ? journal->attach(directory) : status;
}

}  // namespace perpetua::app
