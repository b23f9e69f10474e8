// Triggers, ends of positions and what an intent became: columns, binding, reading. The tables are
// in history_schema.cpp.

#include "stores/history/history_pages.hpp"
#include "stores/history/history_schema.hpp"
#include "stores/history/row_values.hpp"

namespace perpetua::stores {

namespace {

const List<TriggerView> kClosedTriggers{
    'g',          kTriggerColumns,
    "triggers",   "closed_sequence",
    read_trigger, [](const TriggerView& row) { return row.closed_sequence; }};

std::string select_triggers(std::string_view condition) {
  return std::string("SELECT ") + kTriggerColumns + " FROM triggers WHERE " +
         std::string(condition);
}

std::string select_intent_fills(std::string_view direction) {
  return std::string("SELECT ") + kFillColumns +
         " FROM fills WHERE order_id = ? AND is_intent = 1 ORDER BY sequence " +
         std::string(direction) + " LIMIT ?";
}

std::vector<FillView> read_intent_fills(Query& select, AgentId agent, OrderId order,
                                        std::size_t limit) {
  select.bind(signed_of(order)).bind(static_cast<int64_t>(limit));
  std::vector<FillView> fills;
  while (select.step() == Query::Step::row) {
    FillView row = read_fill(select);
    if (row.agent == agent) fills.push_back(row);
  }
  select.reset();
  return fills;
}

}  // namespace

const char kTriggerColumns[] =
    "trigger_id, closed_sequence, agent, market, partner_id, parent_id, order_id, at, limit_price,"
    " lots, reserved, trail, slippage, leverage, side, kind, status, is_protective, is_market,"
    " created_at_ms, updated_at_ms, reason, code, mark";
const char kPositionEndColumns[] = "sequence, agent, market, cause, side, order_id, time_ms";

void bind_trigger(ValueSink& s, const TriggerView& view) {
  const TriggerChanged& t = view.trigger;
  s.bind(signed_of(t.trigger_id)).bind(signed_of(view.closed_sequence)).bind(view.agent);
  s.bind(view.market).bind(signed_of(t.partner_id)).bind(signed_of(t.parent_id));
  s.bind(signed_of(t.order_id)).bind(t.at.value).bind(t.limit.value).bind(t.lots.value);
  s.bind(t.reserved.value).bind(t.trail).bind(t.slippage_ppm).bind(t.leverage);
  s.bind(number(t.side)).bind(number(t.kind)).bind(number(t.status)).bind(t.is_protective);
  s.bind(t.is_market).bind(view.created_at_ms).bind(view.updated_at_ms).bind(number(view.reason));
  s.bind(number(view.code)).bind(view.closed_at_mark.value);
}

TriggerView read_trigger(ValueSource& s) {
  TriggerView view;
  TriggerChanged& t = view.trigger;
  t.trigger_id = next_id(s);
  view.closed_sequence = next_id(s);
  view.agent = static_cast<AgentId>(s.next_int());
  view.market = static_cast<MarketId>(s.next_int());
  t.partner_id = next_id(s);
  t.parent_id = next_id(s);
  t.order_id = next_id(s);
  t.at = Price(s.next_int());
  t.limit = Price(s.next_int());
  t.lots = Lots(s.next_int());
  t.reserved = Micro(s.next_int());
  t.trail = static_cast<uint32_t>(s.next_int());
  t.slippage_ppm = static_cast<uint32_t>(s.next_int());
  t.leverage = static_cast<uint16_t>(s.next_int());
  t.side = s.next_enum<Side>();
  t.kind = s.next_enum<TriggerKind>();
  t.status = s.next_enum<TriggerStatus>();
  t.is_protective = static_cast<uint8_t>(s.next_int());
  t.is_market = static_cast<uint8_t>(s.next_int());
  view.created_at_ms = s.next_int();
  view.updated_at_ms = s.next_int();
  view.reason = s.next_enum<CloseReason>();
  view.code = s.next_enum<ResultCode>();
  view.closed_at_mark = Price(s.next_int());
  return view;
}

void bind_position_end(ValueSink& s, const PositionEndView& end) {
  s.bind(signed_of(end.sequence)).bind(end.agent).bind(end.market).bind(number(end.cause));
  s.bind(number(end.side)).bind(signed_of(end.order_id)).bind(end.time_ms);
}

PositionEndView read_position_end(ValueSource& s) {
  PositionEndView end;
  end.sequence = next_id(s);
  end.agent = static_cast<AgentId>(s.next_int());
  end.market = static_cast<MarketId>(s.next_int());
  end.cause = s.next_enum<PositionEndCause>();
  end.side = s.next_enum<Side>();
  end.order_id = next_id(s);
  end.time_ms = s.next_int();
  return end;
}

Page<TriggerView> HistoryReader::closed_triggers(AgentId agent, MarketId market,
                                                 const PageRequest& page) {
  const auto keep = [&](const TriggerView& row) { return in_market(market, row.market); };
  if (agent == 0) {
    return read_page(*impl_->source, kClosedTriggers, "closed_sequence > 0 AND ", std::nullopt,
                     page, keep);
  }
  return read_page(*impl_->source, kClosedTriggers, "agent = ? AND closed_sequence > 0 AND ", agent,
                   page, keep);
}

std::optional<TriggerView> HistoryReader::trigger(AgentId agent, OrderId id) {
  const auto lease = impl_->source->lend();
  Query& select = lease->statement(select_triggers("trigger_id = ?"));
  select.bind(signed_of(id));
  std::optional<TriggerView> trigger;
  if (select.step() == Query::Step::row) trigger = read_trigger(select);
  select.reset();
  if (trigger && trigger->agent != agent) return std::nullopt;
  return trigger;
}

std::vector<TriggerView> HistoryReader::triggers_of_order(AgentId agent, OrderId parent) {
  const auto lease = impl_->source->lend();
  Query& select = lease->statement(select_triggers("parent_id = ? AND parent_id <> 0"));
  select.bind(signed_of(parent));
  std::vector<TriggerView> triggers;
  while (select.step() == Query::Step::row) {
    TriggerView row = read_trigger(select);
    if (row.agent == agent) triggers.push_back(row);
  }
  select.reset();
  return triggers;
}

std::optional<TriggerView> HistoryReader::trigger_that_sent(AgentId agent, OrderId order) {
  const auto lease = impl_->source->lend();
  Query& select = lease->statement(select_triggers("order_id = ? AND order_id <> 0 LIMIT 1"));
  select.bind(signed_of(order));
  std::optional<TriggerView> trigger;
  if (select.step() == Query::Step::row) trigger = read_trigger(select);
  select.reset();
  if (trigger && trigger->agent != agent) return std::nullopt;
  return trigger;
}

bool HistoryReader::live_triggers(const std::function<void(const TriggerView&)>& visit) {
  const auto lease = impl_->source->lend();
  Query& select = lease->scan(select_triggers("closed_sequence = 0"));
  Query::Step step = select.step();
  for (; step == Query::Step::row; step = select.step()) visit(read_trigger(select));
  select.reset();
  return step == Query::Step::done;
}

std::vector<FillView> HistoryReader::intent_fills(AgentId agent, OrderId order) {
  const auto lease = impl_->source->lend();
  return read_intent_fills(lease->statement(select_intent_fills("")), agent, order,
                           history_limits::kIntentFillsMax);
}

std::optional<FillView> HistoryReader::last_intent_fill(AgentId agent, OrderId order) {
  const auto lease = impl_->source->lend();
  const auto fills =
      read_intent_fills(lease->statement(select_intent_fills("DESC")), agent, order, 1);
  if (fills.empty()) return std::nullopt;
  return fills.front();
}

std::optional<PositionEndView> HistoryReader::position_end(AgentId agent, MarketId market,
                                                           uint64_t sequence) {
  const auto lease = impl_->source->lend();
  Query& select =
      lease->statement(std::string("SELECT ") + kPositionEndColumns +
                       " FROM position_ends WHERE agent = ? AND market = ? AND sequence > ?"
                       " ORDER BY sequence LIMIT 1");
  select.bind(agent).bind(market).bind(signed_of(sequence));
  std::optional<PositionEndView> end;
  if (select.step() == Query::Step::row) end = read_position_end(select);
  select.reset();
  return end;
}

std::optional<Micro> HistoryReader::realised_pnl(AgentId agent, MarketId market, uint64_t first,
                                                 uint64_t last) {
  // Funding is margin, not PnL, and has rows of its own; margin put in is no PnL either.
  static_assert(static_cast<int>(PositionChange::margin_adjusted) == 1);
  constexpr auto kScannedMax = static_cast<int64_t>(history_limits::kRowsScannedMax);
  const auto lease = impl_->source->lend();
  const auto sum = [&](const char* column, const char* table, const char* condition) {
    Query& select = lease->statement(
        std::string("SELECT count(*), coalesce(sum(CASE WHEN market = ? THEN ") + column +
        " ELSE 0 END), 0) FROM (SELECT market, " + column + " FROM " + table +
        " WHERE agent = ? AND sequence BETWEEN ? AND ?" + condition + " LIMIT ?) AS rows");
    select.bind(market).bind(agent).bind(signed_of(first)).bind(signed_of(last));
    select.bind(kScannedMax + 1);
    std::optional<int64_t> total;
    if (select.step() == Query::Step::row && select.next_int() <= kScannedMax) {
      total = select.next_int();
    }
    select.reset();
    return total;
  };
  const auto fills = sum("realised_pnl", "fills", "");
  const auto changes = sum("amount", "position_changes", " AND cause > 1");
  if (!fills || !changes) return std::nullopt;
  return Micro(*fills + *changes);
}

}  // namespace perpetua::stores
