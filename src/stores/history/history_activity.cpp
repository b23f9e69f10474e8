// Reading back what statistics are made of: HistoryReader::replay_activity.
#include "stores/history/history_pages.hpp"
#include "stores/history/history_reader.hpp"
#include "stores/history/history_schema.hpp"

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

// One table read from its beginning; `row` is the next one until it is over.
template <class Row>
class Cursor {
 public:
  Cursor(HistorySession& session, const char* columns, const char* table, const char* condition,
         Row (*read)(ValueSource&))
      : select_(session.scan(std::string("SELECT ") + columns + " FROM " + table + condition +
                             " ORDER BY sequence")),
        read_(read) {
    next();
  }
  ~Cursor() { select_.reset(); }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  void next() {
    step_ = select_.step();
    if (has_row()) row = read_(select_);
  }
  bool has_row() const { return step_ == Query::Step::row; }
  bool is_failed() const { return step_ == Query::Step::error; }
  uint64_t sequence() const { return has_row() ? row.sequence : UINT64_MAX; }

  Row row;

 private:
  Query& select_;
  Row (*read_)(ValueSource&);
  Query::Step step_ = Query::Step::done;
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
         visit_all(Cursor<OrderView>(session, kOrderColumns, "orders", " WHERE (flags & 4) <> 0",
                                     read_order),
                   replay.intent) &&
         visit_all(
             Cursor<LedgerEntryView>(session, kLedgerColumns, "ledger", "", read_ledger_entry),
             replay.ledger);
}

}  // namespace perpetua::stores
