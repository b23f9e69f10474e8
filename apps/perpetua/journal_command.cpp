#include "journal_command.hpp"

#include <ostream>

#include "journal/file_journal.hpp"
#include "journal/postgres/table_journal.hpp"
#include "journal/tools.hpp"

namespace perpetua::app {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitDamage = 1;
constexpr int kExitUsage = 2;

journal::Status run(const JournalCommandOptions& options, const journal::DataDirectory& directory,
                    journal::Journal& journal, MatchExecutor& executor,
                    const journal::PrintLine& print) {
  switch (options.verb) {
    case JournalVerb::verify:
      return journal::verify(directory, journal, print).status;
    case JournalVerb::dump:
      return journal::dump(journal, options.from, options.until, print);
    case JournalVerb::state_hash:
      return journal::print_state_hashes(directory, journal, executor, print);
    case JournalVerb::replay:
      return journal::print_replay(directory, journal, options.until, executor, print);
  }
  return journal::Status::failure("unknown journal command");
}

// Opens what `options` names; on success `journal` is attached to `directory`.
journal::Status open(const JournalCommandOptions& options, journal::DataDirectory& directory,
                     std::unique_ptr<journal::Journal>& journal) {
  if (options.table_url.empty()) {
    const journal::Status opened = directory.open_read_only(options.data_dir);
    journal = std::make_unique<journal::FileJournal>();
    return opened.ok() ? journal->attach(directory) : opened;
  }
  journal::postgres::TableOptions table_options;
  table_options.url = options.table_url;
  auto table = std::make_unique<journal::postgres::TableJournal>(std::move(table_options));
  std::optional<journal::ClusterId> id;
  journal::Status status = table->open_to_read();
  if (status.ok()) status = table->cluster_id(id);
  if (status.ok()) status = directory.open_read_only(options.data_dir, id);
  journal = std::move(table);
  return status.ok() ? journal->attach(directory) : status;
}

}  // namespace

int run_journal_command(const JournalCommandOptions& options, MatchExecutor& executor,
                        std::ostream& out, std::ostream& err) {
  journal::DataDirectory directory(journal::posix_storage());
  std::unique_ptr<journal::Journal> journal;
  if (const journal::Status opened = open(options, directory, journal); !opened.ok()) {
    err << "perpetua journal: " << opened.message << '\n';
    return kExitUsage;
  }
  const journal::PrintLine print = [&out](const std::string& line) { out << line << '\n'; };
  const journal::Status status = run(options, directory, *journal, executor, print);
  out.flush();
  if (status.ok()) return kExitOk;
  err << "perpetua journal: " << status.message << '\n';
  return kExitDamage;
}

}  // namespace perpetua::app
