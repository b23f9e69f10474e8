// The fields of the response objects of what protects agents, and of changes of a market. As
// response_fields.hpp.
#pragma once

#include "gateway/codec/safety_fields.hpp"
#include "gateway/native/field_join.hpp"

namespace perpetua::gateway::native {

using enum FieldType;

inline constexpr FieldSpec kKeyLimitsField[] = {
    {"limits",
     object,
     false,
     "null: none. Of its fields null: without this limit",
     {},
     0,
     0,
     kKeyLimitFields}};

inline constexpr FieldSpec kKeyLimitsHead[] = {{"key_id", id, true, "id of the key"}};
inline constexpr FieldSpec kReplayedTail[] = {
    {"replayed", boolean, true, "true: a repeat; this is the first result"}};
inline constexpr auto kKeyLimitsSchema = join(kKeyLimitsHead, kKeyLimitsField, kReplayedTail);

inline constexpr FieldSpec kSwitchSchema[] = {
    {"market", market, true, "symbol"},
    {"scope", choice, true, "what it cancels", kSwitchScopeChoices},
    {"deadline", time_ms, true, "when it fires unless it is armed anew"},
};
inline constexpr FieldSpec kSwitchArmedSchema[] = {
    {"market", market, false, "symbol; null: every market"},
    {"scope", choice, true, "what it cancels", kSwitchScopeChoices},
    {"deadline", time_ms, false, "when it fires unless it is armed anew; null: disarmed"},
    kReplayedTail[0],
};

inline constexpr FieldSpec kEffectiveField[] = {
    {"effective_at", time_ms, true, "when it holds from"}};
inline constexpr auto kChangeTerms = join(kEffectiveField, kMarketTermFields);
inline constexpr FieldSpec kPendingChangeField[] = {
    {"pending_change",
     object,
     false,
     "what the operator has announced; null: nothing",
     {},
     0,
     0,
     kChangeTerms}};
inline constexpr FieldSpec kChangeHead[] = {
    {"sequence", id, true, "place in the history"},
    {"market", market, true, "symbol"},
    {"effective_at", time_ms, true, "when it was to hold from"},
    {"announced_at", time_ms, true, "when the operator gave it"},
    {"applied_at", time_ms, false, "since when it holds; null: it waits, or another replaced it"},
};
inline constexpr auto kMarketChangeSchema = join(kChangeHead, kMarketTermFields);
inline constexpr FieldSpec kChangeScheduledSchema[] = {
    {"market", market, true, "symbol"},
    {"effective_at", time_ms, true, "when it holds from"},
    kReplayedTail[0],
};

}  // namespace perpetua::gateway::native
