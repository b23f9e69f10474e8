#include "gateway/hub/services.hpp"

#include <openssl/rand.h>

#include <cstdio>

#include "base/assert.hpp"

namespace perpetua::gateway::hub {

namespace {

uint64_t random_number() {
  uint64_t number = 0;
  const int filled = RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number);
  PERPETUA_ASSERT(filled == 1);
  return number;
}

}  // namespace

RequestIds::RequestIds() : last_(random_number()) {}

HubServices::HubServices(const ServerOptions& options, SharedBudgets* budgets,
                         const SharedNotes* notes)
    : tokens(options.hub.token_secret),
      intents(BudgetKind::hub_intents, options.hub.intents_per_second, budgets),
      mutations(BudgetKind::hub_mutations, options.hub.mutations_per_second, budgets),
      login_salt(notes == nullptr ? std::to_string(random_number()) : std::string()),
      last_seen(notes != nullptr) {}

std::string RequestIds::next() {
  const uint64_t number = last_.fetch_add(1, std::memory_order_relaxed);
  char text[24];
  const int size =
      std::snprintf(text, sizeof text, "req_%016llx", static_cast<unsigned long long>(number));
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace perpetua::gateway::hub
