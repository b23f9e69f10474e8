#include "journal_command.hpp"

#include <ostream>

#include "journal/tools.hpp"
#include "journal_setup.hpp"

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

}  // namespace

int run_journal_command(const JournalCommandOptions& options, MatchExecutor& executor,
                        std::ostream& out, std::ostream& err) {
  journal::DataDirectory directory(journal::posix_storage());
  std::unique_ptr<journal::Journal> journal;
  if (const journal::Status opened = open_journal(options.place, directory, journal);
      !opened.ok()) {
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
