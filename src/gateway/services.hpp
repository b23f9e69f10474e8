// GatewayServices: what request handlers use beside the context's hot path. Shared by all io
// threads; every member is thread-safe or immutable after start.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/schema/types.hpp"
#include "gateway/auth/api_key.hpp"
#include "gateway/read_barrier.hpp"

namespace prometheus {
class Collectable;
}
namespace perpetua::stores {
class HistoryReader;
}

namespace perpetua::gateway {

class AccountReads;
class FailureLog;
class SharedNotes;

namespace hub {
struct HubServices;
}

struct GatewayServices {
  stores::HistoryReader* history = nullptr;         // null: history requests are refused
  std::function<BatchNumber()> history_batch = {};  // newest batch whose rows history shows
  FailureLog& failures;
  SharedNotes& notes;  // of all processes, or this one's own
  ApiKeySource keys{std::string_view()};
  std::function<bool(std::string& why_not)> is_ready = {};        // empty: always ready
  std::vector<const prometheus::Collectable*> collectables = {};  // shown by /metrics
  std::string openapi_json = {};
  std::shared_ptr<hub::HubServices> hub = {};  // never null in a server
  std::function<std::string()> degraded = {};       // for /readyz; empty text: nothing
  std::function<BatchNumber()> applied_batch = {};  // for /readyz; empty: the hot store's
  AccountReads* account_reads = nullptr;            // null: accounts are read from the hot store
  ReadBarrier* read_barrier = nullptr;         // null: none is needed

  bool needs_barrier() const { return read_barrier != nullptr && read_barrier->is_needed(); }
};

}  // namespace perpetua::gateway
