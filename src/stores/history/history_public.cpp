// What everybody may see of all agents, beyond what memory keeps: intents, trades, money that
// moved, liquidations, closed positions.
#include "stores/activity/match_fold.hpp"
#include "stores/activity/position_log.hpp"
#include "stores/history/history_pages.hpp"
#include "stores/history/history_schema.hpp"

namespace perpetua::stores {

namespace {

using history_limits::kHistoryPageMax;
using history_limits::kRowsScannedMax;

const List<OrderView> kIntents = event_list('k', kOrderColumns, "orders", read_order);
const List<FillView> kAllFills = event_list('z', kFillColumns, "fills", read_fill);

Lots base_before(const FillView& fill) {
  return fill.position_base - Lots(sign(fill.side) * fill.lots.value);
}

bool is_same_side(Lots a, Lots b) { return (a.value > 0) == (b.value > 0); }

// Whether the position there was before is no more.
bool ends_position(const FillView& fill) {
  const Lots before = base_before(fill);
  if (before.value == 0) return false;
  return fill.position_base.value == 0 || !is_same_side(before, fill.position_base);
}

bool opens_position(const FillView& fill) {
  if (fill.position_base.value == 0) return false;
  const Lots before = base_before(fill);
  return before.value == 0 || !is_same_side(before, fill.position_base);
}

std::optional<FillView> read_one_fill(Query& select) {
  std::optional<FillView> fill;
  if (select.step() == Query::Step::row) fill = read_fill(select);
  select.reset();
  return fill;
}

// Rows of one agent below `before`, newest first, until has_enough(rows), a row at or below `floor`
// or kRowsScannedMax. Where the rows were cut short, `floor` becomes the last one's sequence.
template <class Row, class HasEnough>
PageStatus read_down(HistorySource& source, const List<Row>& list, AgentId agent, uint64_t before,
                     uint64_t& floor, std::vector<Row>& rows, HasEnough&& has_enough) {
  std::string cursor = make_cursor(list.letter, before);
  while (!cursor.empty()) {
    auto page = read_page(source, list, "agent = ? AND ", agent, {cursor, kHistoryPageMax},
                          [](const Row&) { return true; });
    if (page.status != PageStatus::ok) return page.status;
    rows.insert(rows.end(), page.rows.begin(), page.rows.end());
    cursor = page.next_cursor;
    while (!rows.empty() && rows.back().sequence < floor) {
      rows.pop_back();
      cursor.clear();
    }
    if (!cursor.empty() && (has_enough(rows) || rows.size() >= kRowsScannedMax)) {
      floor = std::max(floor, rows.back().sequence);
      break;
    }
  }
  return PageStatus::ok;
}

// Feeds both, which are newest first, in the order in which they happened.
void replay_down(PositionLog& log, const std::vector<FillView>& fills,
                 const std::vector<PositionChangeView>& changes, uint64_t floor) {
  auto fill = fills.rbegin();
  auto change = changes.rbegin();
  while (fill != fills.rend() && fill->sequence < floor) ++fill;
  while (fill != fills.rend() || change != changes.rend()) {
    const bool is_fill =
        fill != fills.rend() && (change == changes.rend() || fill->sequence < change->sequence);
    if (is_fill) {
      log.fill(*fill++, nullptr);
    } else {
      log.change(*change++);
    }
  }
}

}  // namespace

std::optional<OrderView> HistoryReader::intent(OrderId id) {
  const auto lease = impl_->source->lend();
  Query& select =
      lease->statement(std::string("SELECT ") + kOrderColumns + " FROM orders WHERE order_id = ?");
  select.bind(static_cast<int64_t>(id));
  std::optional<OrderView> order;
  if (select.step() == Query::Step::row) order = read_order(select);
  select.reset();
  if (order && !order->is_intent()) return std::nullopt;
  return order;
}

Page<OrderView> HistoryReader::intents(const std::function<bool(const OrderView&)>& keep,
                                       uint64_t newest, std::size_t limit) {
  static_assert(kIntent == 4);
  const std::string cursor = make_cursor(kIntents.letter, newest + 1);
  return read_page(*impl_->source, kIntents, "(flags & 4) <> 0 AND ", std::nullopt, {cursor, limit},
                   keep);
}

// The maker's fill follows its taker's.
std::optional<MatchView> HistoryReader::match(MarketId market, uint64_t trade_id) {
  const auto lease = impl_->source->lend();
  const std::string columns = std::string("SELECT ") + kFillColumns + " FROM fills WHERE ";
  Query& find = lease->statement(columns + "is_taker = 1 AND market = ? AND trade_id = ?");
  const auto taker = read_one_fill(find.bind(market).bind(static_cast<int64_t>(trade_id)));
  if (!taker) return std::nullopt;
  Query& next = lease->statement(columns + "sequence = ? AND time_ms = ?");
  next.bind(static_cast<int64_t>(taker->sequence + 1)).bind(taker->time_ms);
  return make_match(*taker, read_one_fill(next).value_or(FillView()));
}

Page<MatchView> HistoryReader::matches(uint64_t newest, std::size_t limit) {
  const std::string cursor = make_cursor(kAllFills.letter, newest + 2);
  const auto fills = read_page(*impl_->source, kAllFills, "", std::nullopt, {cursor, 2 * limit},
                               [](const FillView&) { return true; });
  Page<MatchView> page{fills.status, {}, {}};
  for (std::size_t i = 0; i + 1 < fills.rows.size(); i += 2) {
    page.rows.push_back(make_match(fills.rows[i + 1], fills.rows[i]));
  }
  return page;
}

// The recipient's entry of a transfer follows the sender's, which names the settlement.
Page<SettlementView> HistoryReader::settlements(AgentId agent, const PageRequest& page) {
  static_assert(static_cast<int>(LedgerEntryKind::transfer_in) == 2);
  const auto all = [](const LedgerEntryView&) { return true; };
  const auto entries =
      agent == 0 ? read_page(*impl_->source, kLedger, "kind <> 2 AND ", std::nullopt, page, all)
                 : read_page(*impl_->source, kLedger, "agent = ? AND ", agent, page, all);
  Page<SettlementView> result{entries.status, {}, entries.next_cursor};
  for (LedgerEntryView entry : entries.rows) {
    if (entry.kind == LedgerEntryKind::transfer_in) {
      std::swap(entry.agent, entry.counterparty);
      entry.kind = LedgerEntryKind::transfer_out;
      --entry.sequence;
      entry.free_after = Micro(0);  // the sender's is in the sender's row
    }
    result.rows.push_back(make_settlement(entry));
  }
  return result;
}

Page<LiquidationView> HistoryReader::agents_liquidations(uint64_t newest, std::size_t limit) {
  const std::string cursor = make_cursor(kLiquidations.letter, newest + 1);
  return read_page(*impl_->source, kLiquidations, "agent <> 0 AND ", std::nullopt, {cursor, limit},
                   [](const LiquidationView&) { return true; });
}

AgentId HistoryReader::owner_of_position(uint64_t id) {
  const auto lease = impl_->source->lend();
  Query& select =
      lease->statement(std::string("SELECT ") + kFillColumns + " FROM fills WHERE sequence = ?");
  const auto fill = read_one_fill(select.bind(static_cast<int64_t>(id)));
  return fill && opens_position(*fill) ? fill->agent : 0;
}

Page<PositionRecord> HistoryReader::closed_positions(AgentId agent, uint64_t before,
                                                     std::size_t limit) {
  std::vector<FillView> fills;
  std::vector<PositionChangeView> changes;
  uint64_t floor = 0;
  std::size_t counted = 0;
  std::size_t ends = 0;
  // Of each market one may have begun before what was read.
  const auto has_enough = [&](const std::vector<FillView>& rows) {
    for (; counted < rows.size(); ++counted) ends += ends_position(rows[counted]) ? 1 : 0;
    return ends >= limit + limits::kMarketsMax;
  };
  PageStatus status = read_down(*impl_->source, kAllFills, agent, before, floor, fills, has_enough);
  if (status == PageStatus::ok) {
    status = read_down(*impl_->source, kPositionChanges, agent, before, floor, changes,
                       [](const auto&) { return false; });
  }
  if (status != PageStatus::ok) return {status, {}, {}};
  PositionLog log;
  replay_down(log, fills, changes, floor);
  Page<PositionRecord> page;
  for (PositionRecord& record : log.closed(agent, activity_limits::kClosedPositionsPerAgentMax)) {
    if ((record.id & PositionRecord::kUnknownOpening) != 0) continue;
    if (page.rows.size() == limit) break;
    record.margin = Micro(0);
    page.rows.push_back(record);
  }
  for (PositionRecord& record : page.rows) {
    if (record.closing_order == 0) continue;
    const auto sender = trigger_that_sent(agent, record.closing_order);
    if (!sender || sender->trigger.is_protective == 0) continue;
    const bool is_stop = sender->trigger.kind == TriggerKind::stop;
    (is_stop ? record.stop_loss : record.take_profit) = sender->trigger.at;
    record.close_reason =
        is_stop ? PositionCloseReason::stop_loss : PositionCloseReason::take_profit;
  }
  return page;
}

}  // namespace perpetua::stores
