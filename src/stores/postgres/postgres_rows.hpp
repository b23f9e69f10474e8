// Columns and values of the tables that only PostgreSQL has. The rows: accounting.hpp.
#pragma once

#include "stores/history/history_source.hpp"
#include "stores/postgres/accounting.hpp"

namespace perpetua::stores {

extern const char kTradeColumns[];
extern const char kPositionColumns[];
extern const char kEntryColumns[];
extern const char kAccountColumns[];
extern const char kPriceColumns[];
extern const char kEquityColumns[];

void bind_trade(ValueSink& sink, const MarketTradeRow& row);
void bind_position(ValueSink& sink, const PositionRow& row);
void bind_entry(ValueSink& sink, const EntryRow& row);
void bind_account(ValueSink& sink, AccountKey key, Micro balance);
void bind_price(ValueSink& sink, const PriceRow& row);
void bind_equity(ValueSink& sink, const EquityRow& row);

PositionRow read_position(ValueSource& source);

}  // namespace perpetua::stores
