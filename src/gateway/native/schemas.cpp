#include <algorithm>

#include "gateway/native/trigger_fields.hpp"

namespace perpetua::gateway {
namespace {

constexpr ResponseSchema kSchemas[] = {
    {"Agent", native::kAgentSchema},
    {"NewAgent", native::kNewAgentSchema},
    {"Key", native::kKeySchema},
    {"NewKey", native::kNewKeySchema},
    {"RevokedKey", native::kRevokedKeySchema},
    {"Account", native::kAccountSchema},
    {"Balance", native::kBalanceSchema},
    {"LedgerEntry", native::kLedgerEntrySchema},
    {"Market", native::kMarketSchema},
    {"Tier", kTierFields},
    {"Price", native::kPriceSchema},
    {"PushedPrice", native::kPushedPriceSchema},
    {"Book", native::kBookSchema},
    {"Trade", native::kTradeSchema},
    {"Candle", native::kCandleSchema},
    {"Order", native::kOrderSchema},
    {"OrderResult", native::kOrderResultSchema},
    {"CancelResult", native::kCancelResultSchema},
    {"CancelAllResult", native::kCancelAllSchema},
    {"Intent", native::kIntentSchema},
    {"IntentDetail", native::kIntentDetailSchema},
    {"IntentResult", native::kIntentResultSchema},
    {"Fill", native::kFillSchema},
    {"Position", native::kPositionSchema},
    {"Trigger", native::kTriggerSchema},
    {"TriggerResult", native::kTriggerResultSchema},
    {"TriggerCancelled", native::kTriggerCancelSchema},
    {"LeverageResult", native::kLeverageResultSchema},
    {"NettingResult", native::kNettingResultSchema},
    {"MarginResult", native::kMarginResultSchema},
    {"OrderPreview", native::kOrderPreviewSchema},
    {"ExchangeStatus", native::kExchangeStatusSchema},
    {"Funding", native::kFundingSchema},
    {"FundingHour", native::kFundingHourSchema},
    {"FundingPayment", native::kFundingPaymentSchema},
    {"Liquidation", native::kLiquidationSchema},
    {"Insurance", native::kInsuranceSchema},
    {"FundChange", native::kFundChangeSchema},
    {"PositionChange", native::kPositionChangeSchema},
    {"Alert", native::kAlertSchema},
    {"Solvency", native::kSolvencySchema},
    {"MarketModeResult", native::kMarketModeSchema},
    {"InsuranceFunded", native::kFundedSchema},
    {"KeyLimits", native::kKeyLimitsSchema},
    {"Switch", native::kSwitchSchema},
    {"SwitchArmed", native::kSwitchArmedSchema},
    {"MarketChange", native::kMarketChangeSchema},
    {"MarketChangeScheduled", native::kChangeScheduledSchema},
    {"Thought", native::kThoughtSchema},
    {"NewThought", native::kNewThoughtSchema},
    {"Limits", native::kLimitsSchema},
    {"Health", native::kHealthSchema},
    {"Ready", native::kReadySchema},
};

}  // namespace

std::span<const ResponseSchema> response_schemas() { return kSchemas; }

const ResponseSchema* find_schema(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kSchemas), std::end(kSchemas),
                                         [&](const ResponseSchema& s) { return s.name == name; });
  return found == std::end(kSchemas) ? nullptr : found;
}

}  // namespace perpetua::gateway
