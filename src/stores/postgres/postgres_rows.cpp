#include "stores/postgres/postgres_rows.hpp"

#include "stores/history/row_values.hpp"

namespace perpetua::stores {

const char kTradeColumns[] =
    "market, trade_id, sequence, price, lots, notional, side, cause, taker, maker, time_ms";
const char kPositionColumns[] =
    "sequence, agent, market, side, base, entry_notional, margin, realised_pnl, fees, funding,"
    " fills, opened_at_ms, updated_at_ms, closed_at_ms, closed_sequence, cause";
const char kEntryColumns[] =
    "sequence, line, kind, market, debit_account, debit_id, credit_account, credit_id, amount,"
    " time_ms";
const char kAccountColumns[] = "account, id, balance";
const char kPriceColumns[] = "market, sequence, index_price, mark, time_ms";
const char kEquityColumns[] = "agent, collateral, unrealised_pnl, time_ms";

void bind_trade(ValueSink& s, const MarketTradeRow& row) {
  const TradeView& trade = row.trade;
  s.bind(trade.market).bind(signed_of(trade.trade_id)).bind(signed_of(row.sequence));
  s.bind(trade.price.value).bind(trade.lots.value).bind(row.notional.value);
  s.bind(number(trade.side)).bind(number(trade.cause)).bind(row.taker).bind(row.maker);
  s.bind(trade.time_ms);
}

void bind_position(ValueSink& s, const PositionRow& row) {
  s.bind(signed_of(row.sequence)).bind(row.agent).bind(row.market).bind(number(row.side));
  s.bind(row.base.value).bind(row.entry_notional.value).bind(row.margin.value);
  s.bind(row.realised_pnl.value).bind(row.fees.value).bind(row.funding.value).bind(row.fills);
  s.bind(row.opened_at_ms).bind(row.updated_at_ms).bind(row.closed_at_ms);
  s.bind(signed_of(row.closed_sequence)).bind(number(row.cause));
}

PositionRow read_position(ValueSource& s) {
  PositionRow row;
  row.sequence = static_cast<uint64_t>(s.next_int());
  row.agent = static_cast<AgentId>(s.next_int());
  row.market = static_cast<MarketId>(s.next_int());
  row.side = s.next_enum<Side>();
  row.base = Lots(s.next_int());
  row.entry_notional = Micro(s.next_int());
  row.margin = Micro(s.next_int());
  row.realised_pnl = Micro(s.next_int());
  row.fees = Micro(s.next_int());
  row.funding = Micro(s.next_int());
  row.fills = s.next_int();
  row.opened_at_ms = s.next_int();
  row.updated_at_ms = s.next_int();
  row.closed_at_ms = s.next_int();
  row.closed_sequence = static_cast<uint64_t>(s.next_int());
  row.cause = s.next_enum<PositionEndCause>();
  return row;
}

void bind_entry(ValueSink& s, const EntryRow& row) {
  s.bind(signed_of(row.sequence)).bind(row.line).bind(number(row.kind)).bind(row.market);
  s.bind(number(row.debit.account)).bind(row.debit.id);
  s.bind(number(row.credit.account)).bind(row.credit.id);
  s.bind(row.amount.value).bind(row.time_ms);
}

void bind_account(ValueSink& s, AccountKey key, Micro balance) {
  s.bind(number(key.account)).bind(key.id).bind(balance.value);
}

void bind_price(ValueSink& s, const PriceRow& row) {
  s.bind(row.market).bind(signed_of(row.sequence)).bind(row.index.value).bind(row.mark.value);
  s.bind(row.time_ms);
}

void bind_equity(ValueSink& s, const EquityRow& row) {
  s.bind(row.agent).bind(row.collateral.value).bind(row.unrealised_pnl.value).bind(row.time_ms);
}

}  // namespace perpetua::stores
