// Warm start: what Engine::describe cannot tell a fresh hot store, taken from the history.
//
// Called once at start-up, after HotStore::finish_bootstrap and HistoryWriter::flush, before the
// first live batch: trades, candles (hence the 24-hour figures), thoughts, for every open order its
// times, filled notional, fee and intent reason, for live triggers their times, closed triggers,
// refusals by limits, notes, and all that activity.hpp has (a scan of what the history keeps).
// Without it they start empty. False: the history could not be read to its end.
#pragma once

namespace perpetua::stores {

class HotStore;
class HistoryReader;

[[nodiscard]] bool warm_start(HotStore& hot, HistoryReader& history);

}  // namespace perpetua::stores
