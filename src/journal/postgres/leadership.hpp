// Leadership: who leads the journal table and who waits, as any process with the database sees it,
// and asking the leader to hand over.
//
// The request is a column of journal_leader that names the epoch which is to end. So it outlives
// lost connections and restarts of the server, and a later leader is never meant by it.
// Thread-safety: as the connection.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/pg/connection.hpp"
#include "engine/schema/batch.hpp"
#include "journal/status.hpp"

namespace perpetua::journal::postgres {

// Sessions of engines are found by it: "perpetua engine NODE".
std::string application_name(const std::string& node_name);

struct EngineSession {
  std::string node_name;
  std::string since;  // of the connection, as the server shows it
};

struct Leadership {
  BatchNumber batch = 0;  // the newest row
  uint64_t epoch = 0;
  std::vector<EngineSession> leaders;  // none or one
  std::vector<EngineSession> waiting;
};

Status read_leadership(pg::Connection& connection, Leadership& leadership);

// The leader of `epoch` is to hand over. Not ok if it cannot be written down.
Status ask_handover(pg::Connection& connection, uint64_t epoch);

}  // namespace perpetua::journal::postgres
