// GatewayServices: what request handlers use beside the context's hot path. Shared by all io
// threads; every member is thread-safe or immutable after start.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/schema/types.hpp"
#include "gateway/auth/api_key.hpp"

namespace prometheus {
class Collectable;
}
namespace perpetua::stores {
class HistoryReader;
}

namespace perpetua::gateway {

class FailureLog;

namespace hub {
struct HubServices;
}

struct GatewayServices {
  stores::HistoryReader* history = nullptr;         // null: history requests are refused
  std::function<BatchNumber()> history_batch = {};  // newest batch whose rows history shows
  FailureLog& failures;
  ApiKeySource keys{std::string_view()};
  std::function<bool(std::string& why_not)> is_ready = {};        // empty: always ready
  std::vector<const prometheus::Collectable*> collectables = {};  // shown by /metrics
  std::string openapi_json = {};
  std::shared_ptr<hub::HubServices> hub = {};  // never null in a server
};

}  // namespace perpetua::gateway
