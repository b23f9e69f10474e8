#include "journal/postgres/leadership.hpp"

#include "journal/postgres/server_check.hpp"
#include "journal/postgres/table_format.hpp"

namespace perpetua::journal::postgres {
namespace {

constexpr const char* kNamePrefix = "perpetua engine ";
constexpr std::size_t kNameBytesMax = 63;  // of an application_name; the server cuts the rest

constexpr const char* kAskSessions =
    "SELECT a.application_name, a.backend_start::text, "
    "(EXISTS (SELECT 1 FROM pg_locks AS l WHERE l.pid = a.pid AND l.locktype = 'advisory' "
    "AND l.granted AND l.objsubid = 1 AND l.classid = ($1::bigint >> 32)::bigint::oid "
    "AND l.objid = ($1::bigint & 4294967295)::bigint::oid))::int "
    "FROM pg_stat_activity AS a WHERE a.datname = current_database() "
    "AND starts_with(a.application_name, $2::text) ORDER BY a.backend_start";

}  // namespace

std::string application_name(const std::string& node_name) {
  return (kNamePrefix + node_name).substr(0, kNameBytesMax);
}

Status read_leadership(pg::Connection& connection, Leadership& leadership) {
  leadership = {};
  const pg::Result newest = connection.run(kReadNewest);
  if (!newest.ok()) return failure_of("cannot read the journal table", newest.error());
  if (newest.rows() == 1) {
    leadership.batch = static_cast<BatchNumber>(newest.integer(0, 0));
    leadership.epoch = static_cast<uint64_t>(newest.integer(0, 1));
  }
  pg::Parameters parameters;
  parameters.add(kLeaderLockKey).add_text(kNamePrefix);
  const pg::Result sessions = connection.run(kAskSessions, parameters);
  if (!sessions.ok()) return failure_of("cannot read the engines' sessions", sessions.error());
  for (int row = 0; row < sessions.rows(); ++row) {
    EngineSession session;
    session.node_name = sessions.text(row, 0).substr(std::string_view(kNamePrefix).size());
    session.since = sessions.text(row, 1);
    auto& list = sessions.integer(row, 2) == 1 ? leadership.leaders : leadership.waiting;
    list.push_back(std::move(session));
  }
  return Status::success();
}

Status ask_handover(pg::Connection& connection, uint64_t epoch) {
  pg::Parameters parameters;
  parameters.add(static_cast<int64_t>(epoch));
  const pg::Result asked =
      connection.run("UPDATE journal_leader SET handover_epoch = $1::bigint", parameters);
  if (!asked.ok()) return failure_of("cannot ask for the hand-over", asked.error());
  return asked.affected_rows() == 1 ? Status::success()
                                    : Status::failure("no engine has ever led this journal");
}

}  // namespace perpetua::journal::postgres
