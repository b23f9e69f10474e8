// Warm start: what Engine::describe cannot tell a fresh hot store, taken from the history.
//
// Called once at start-up, after HotStore::finish_bootstrap and HistoryWriter::flush, before the
// first live batch: trades, candles (hence the 24-hour figures), thoughts, and for every open order
// its times, filled notional, fee and intent reason. Without it they start empty.
#pragma once

namespace perpetua::stores {

class HotStore;
class HistoryReader;

void warm_start(HotStore& hot, HistoryReader& history);

}  // namespace perpetua::stores
