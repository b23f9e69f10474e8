#include "engine_command.hpp"

#include <chrono>
#include <ostream>
#include <thread>

#include "journal/postgres/leadership.hpp"
#include "journal/postgres/server_check.hpp"
#include "serve.hpp"

namespace perpetua::app {
namespace {

using journal::Status;
using journal::postgres::EngineSession;
using journal::postgres::Leadership;
using Clock = std::chrono::steady_clock;

constexpr int kExitCheckFailed = 1;
constexpr std::chrono::milliseconds kPoll{20};

int show(const Leadership& leadership, std::ostream& out) {
  out << "journal: batch " << leadership.batch << ", epoch " << leadership.epoch << "\n";
  for (const EngineSession& session : leadership.leaders) {
    out << "leader:  " << session.node_name << ", connected since " << session.since << "\n";
  }
  if (leadership.leaders.empty()) out << "leader:  none\n";
  for (const EngineSession& session : leadership.waiting) {
    out << "standby: " << session.node_name << ", connected since " << session.since << "\n";
  }
  return leadership.leaders.empty() ? kExitCheckFailed : 0;
}

// The opening batch of a later epoch is the sign that somebody leads again.
int hand_over(pg::Connection& connection, const Leadership& before, std::ostream& out,
              std::ostream& errors) {
  if (before.leaders.empty()) {
    errors << "perpetua: no engine leads, so none can hand over\n";
    return kExitCheckFailed;
  }
  const auto begun = Clock::now();
  Status status = journal::postgres::ask_handover(connection, before.epoch);
  Leadership now;
  while (status.ok() && Clock::now() - begun < std::chrono::milliseconds(kHandoverWaitMs)) {
    status = journal::postgres::read_leadership(connection, now);
    if (status.ok() && now.epoch > before.epoch && !now.leaders.empty()) {
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
      out << now.leaders.front().node_name << " leads epoch " << now.epoch << " after "
          << before.leaders.front().node_name << " (epoch " << before.epoch << "), " << took.count()
          << " ms after the request\n";
      return 0;
    }
    std::this_thread::sleep_for(kPoll);
  }
  if (!status.ok()) {
    errors << "perpetua: " << status.message << "\n";
    return kExitCannotStart;
  }
  errors << "perpetua: nobody has taken over within " << kHandoverWaitMs / 1'000
         << " s; the request stands\n";
  return kExitCheckFailed;
}

}  // namespace

int run_engine_command(EngineVerb verb, const std::string& journal_url, std::ostream& out,
                       std::ostream& errors) {
  pg::Connection connection;
  Leadership leadership;
  Status status = journal::postgres::connect_to_read(connection, journal_url);
  if (status.ok()) status = journal::postgres::read_leadership(connection, leadership);
  if (!status.ok()) {
    errors << "perpetua: " << status.message << "\n";
    return kExitCannotStart;
  }
  if (verb == EngineVerb::status) return show(leadership, out);
  return hand_over(connection, leadership, out, errors);
}

}  // namespace perpetua::app
