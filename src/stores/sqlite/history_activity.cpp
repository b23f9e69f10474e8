// Reading back what statistics are made of: HistoryReader::replay_activity.
#include "stores/sqlite/history_pages.hpp"
#include "stores/sqlite/history_reader.hpp"
#include "stores/sqlite/history_schema.hpp"

namespace perpetua::stores {

namespace {

PositionChangeView change_of(const FundingPaymentView& payment) {
  PositionChangeView view;
  view.sequence = payment.sequence;
  view.agent = payment.agent;
  view.market = payment.market;
  view.time_ms = payment.time_ms;
  view.change.cause = PositionChange::funding;
  view.change.amount = payment.amount;
  view.change.base = payment.base;
  view.change.margin = payment.margin;
  return view;
}

// One table read from its beginning, in pages: `row` is the next one until it is over. Pages keep a
// remote database from sending all of it at once, and several cursors may share a session.
template <class Row>
class Cursor {
 public:
  // `condition` ends in " AND " or is empty.
  Cursor(HistorySession& session, const char* columns, const char* table, const char* condition,
         Row (*read)(ValueSource&))
      : session_(session),
        sql_(std::string("SELECT ") + columns + " FROM " + table + " WHERE " + condition +
             "sequence > ? ORDER BY sequence LIMIT ?"),
        read_(read) {
    next();
  }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  void next() {
    if (taken_ == rows_.size() && !is_last_page_) read_page();
    has_row_ = taken_ < rows_.size();
    if (has_row_) row = std::move(rows_[taken_++]);
  }
  bool has_row() const { return has_row_; }
  bool is_failed() const { return is_failed_; }
  uint64_t sequence() const { return has_row_ ? row.sequence : UINT64_MAX; }

  Row row;

 private:
  static constexpr std::size_t kPageRows = 4'096;

  void read_page() {
    const uint64_t after = rows_.empty() ? 0 : row.sequence;
    rows_.clear();
    taken_ = 0;
    Query& select = session_.statement(sql_);
    select.bind(static_cast<int64_t>(after)).bind(static_cast<int64_t>(kPageRows));
    Query::Step step = select.step();
    for (; step == Query::Step::row; step = select.step()) rows_.push_back(read_(select));
    select.reset();
    is_failed_ = step == Query::Step::error;
    if (is_failed_) rows_.clear();
    is_last_page_ = rows_.size() < kPageRows;
  }

  HistorySession& session_;
  const std::string sql_;
  Row (*read_)(ValueSource&);
  std::vector<Row> rows_;
  std::size_t taken_ = 0;
  bool has_row_ = false;
  bool is_last_page_ = false;
  bool is_failed_ = false;
};

// False: a database error.
template <class Row>
bool visit_all(Cursor<Row>&& cursor, const std::function<void(const Row&)>& visit) {
  for (; cursor.has_row(); cursor.next()) visit(cursor.row);
  return !cursor.is_failed();
}

bool visit_positions(HistorySession& session, const ActivityReplay& replay) {
  Cursor<FillView> fills(session, kFillColumns, "fills", "", read_fill);
  Cursor<PositionChangeView> changes(session, kPositionChangeColumns, "position_changes", "",
                                     read_position_change);
  Cursor<FundingPaymentView> payments(session, kFundingPaymentColumns, "funding_payments", "",
                                      read_funding_payment);
  while (fills.has_row() || changes.has_row() || payments.has_row()) {
    if (fills.sequence() < changes.sequence() && fills.sequence() < payments.sequence()) {
      replay.fill(fills.row);
      fills.next();
    } else if (changes.sequence() < payments.sequence()) {
      replay.change(changes.row);
      changes.next();
    } else {
      replay.change(change_of(payments.row));
      payments.next();
    }
  }
  return !fills.is_failed() && !changes.is_failed() && !payments.is_failed();
}

}  // namespace

bool HistoryReader::replay_activity(const ActivityReplay& replay) {
  const auto lease = impl_->source->lend();
  HistorySession& session = *lease;
  return visit_positions(session, replay) &&
         visit_all(Cursor<LiquidationView>(session, kLiquidationColumns, "liquidations", "",
                                           read_liquidation),
                   replay.liquidation) &&
         visit_all(Cursor<FundingView>(session, kFundingColumns, "fundings", "", read_funding),
                   replay.funding) &&
         visit_all(Cursor<OrderView>(session, kOrderColumns, "orders", "(flags & 4) <> 0 AND ",
                                     read_order),
                   replay.intent) &&
         visit_all(Cursor<LedgerEntryView>(session, kLedgerColumns, "ledger", "",
                                           read_ledger_entry),
                   replay.ledger);
}

}  // namespace perpetua::stores
