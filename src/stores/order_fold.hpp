// Folding order events into an OrderView: shared by the hot store and the history, so that an
// order reads the same from both. Pure; throws nothing; events must be of the order given.
//
// Invariant after each event: filled + remaining <= lots, remaining is what rests in the book.
#pragma once

#include <string_view>

#include "engine/schema/batch.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {

// From an order_accepted event of a batch.
OrderView make_order(const Event& event, int64_t time_ms, std::string_view intent_reason);

// From an order_accepted event of a description: what is not in the book has filled.
OrderView make_described_order(const Event& event, std::string_view intent_reason);

// The order is no longer open afterwards if fill.order_done is set.
void fold_fill(OrderView& order, const Event& event, Micro traded, int64_t time_ms);
void fold_amend(OrderView& order, const Event& event, int64_t time_ms);
void fold_close(OrderView& order, const Event& event, int64_t time_ms);
void fold_bracket(OrderView& order, const Event& event);

FillView make_fill(const Event& event, Micro traded, int64_t time_ms);

// The reason of an intent: the text of the command that placed it. Empty if there is none.
std::string_view intent_reason(const Event& event, const AppliedBatch& batch);

}  // namespace perpetua::stores
