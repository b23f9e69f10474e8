// Agents, money, keys and login.

#include "gateway/hub/handlers.hpp"
#include "gateway/hub/tables.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr int64_t kAmountMaxCents = 10'000'000;  // 100,000 USDC

constexpr Field kOwnerField = {"agent_id", FieldKind::text, true, "the caller's own id", 1, 64};
constexpr Field kAmountField = {"amount", FieldKind::number, true,       "USDC, whole cents",
                                1,        kAmountMaxCents,   kCentDigits};
constexpr Field kMoveFields[] = {kOwnerField, kAmountField};

// clang-format off
constexpr Endpoint kEndpoints[] = {
    read("hubBalance", "/balance/{agent_id}", "money", "Own balance", Access::read,
        {.owner = "agent_id", .forbidden = "Cannot view the balance of another agent",
         .reply = "Balance"}, get_balance),
    post("hubDeposit", "/deposit", "money", "Paper deposit", Access::trade,
        {.fields = kMoveFields, .owner = "agent_id",
         .forbidden = "Cannot deposit for another agent",
         .reply = "`success, new_balance, balance{Balance}`",
         .refusals = "403 `forbidden` outside paper mode"}, prepare_deposit, complete_deposit),
};
// clang-format on

}  // namespace

std::span<const Endpoint> account_endpoints() { return kEndpoints; }

}  // namespace perpetua::gateway::hub
