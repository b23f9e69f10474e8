// A trade out of its two fills: shared by the hot store and the history. Pure.
#pragma once

#include "stores/activity/activity_views.hpp"

namespace perpetua::stores {

inline MatchView make_match(const FillView& taker, const FillView& maker) {
  MatchView match;
  match.market = taker.market;
  match.trade_id = taker.trade_id;
  match.sequence = taker.sequence;
  match.taker_order = taker.order_id;
  match.maker_order = maker.order_id;
  match.taker = taker.agent;
  match.maker = maker.agent;
  match.price = taker.price;
  match.lots = taker.lots;
  match.notional = taker.notional;
  match.taker_fee = taker.fee;
  match.maker_fee = maker.fee;
  match.cause = taker.cause;
  match.time_ms = taker.time_ms;
  return match;
}

}  // namespace perpetua::stores
