// Messages that are no thoughts, and signals: columns, binding, reading. The tables are in
// history_schema.cpp.

#include "stores/history/history_pages.hpp"
#include "stores/history/history_schema.hpp"
#include "stores/history/row_values.hpp"

namespace perpetua::stores {

namespace {

const List<MessageView> kMessages{
    'n',          kMessageColumns, "messages",
    "message_id", read_message,    [](const MessageView& row) { return row.thought_id; }};
const List<SignalView> kClosedSignals{
    's',         kSignalColumns,
    "signals",   "closed_sequence",
    read_signal, [](const SignalView& row) { return row.closed_sequence; }};

}  // namespace

const char kMessageColumns[] = "message_id, agent, to_agent, market, time_ms, kind, text, metadata";
const char kSignalColumns[] =
    "id, closed_sequence, creator, market, kind, target, stake, created_mark, created_at_ms,"
    " expires_at_ms, fader, matched_at_ms, ending, settlement_mark, winner, payout, fee,"
    " closed_at_ms";

void bind_message(ValueSink& s, const MessageView& m) {
  s.bind(signed_of(m.thought_id)).bind(m.agent).bind(m.to_agent).bind(m.market).bind(m.time_ms);
  s.bind(number(m.kind)).bind_text(m.text).bind_text(m.metadata);
}

MessageView read_message(ValueSource& s) {
  MessageView m;
  m.thought_id = next_id(s);
  m.agent = static_cast<AgentId>(s.next_int());
  m.to_agent = static_cast<AgentId>(s.next_int());
  m.market = static_cast<MarketId>(s.next_int());
  m.time_ms = s.next_int();
  m.kind = s.next_enum<MessageKind>();
  m.text = s.next_text();
  m.metadata = s.next_text();
  return m;
}

void bind_signal(ValueSink& s, const SignalView& v) {
  s.bind(signed_of(v.id)).bind(signed_of(v.closed_sequence)).bind(v.creator).bind(v.market);
  s.bind(number(v.kind)).bind(v.target).bind(v.stake.value).bind(v.created_mark.value);
  s.bind(v.created_at_ms).bind(v.expires_at_ms).bind(v.fader).bind(v.matched_at_ms);
  s.bind(number(v.end)).bind(v.settlement_mark.value).bind(v.winner).bind(v.payout.value);
  s.bind(v.fee.value).bind(v.closed_at_ms);
}

SignalView read_signal(ValueSource& s) {
  SignalView v;
  v.id = next_id(s);
  v.closed_sequence = next_id(s);
  v.is_closed = v.closed_sequence != 0;
  v.creator = static_cast<AgentId>(s.next_int());
  v.market = static_cast<MarketId>(s.next_int());
  v.kind = s.next_enum<SignalKind>();
  v.target = s.next_int();
  v.stake = Micro(s.next_int());
  v.created_mark = Price(s.next_int());
  v.created_at_ms = s.next_int();
  v.expires_at_ms = s.next_int();
  v.fader = static_cast<AgentId>(s.next_int());
  v.matched_at_ms = s.next_int();
  v.end = s.next_enum<SignalEnd>();
  v.settlement_mark = Price(s.next_int());
  v.winner = static_cast<AgentId>(s.next_int());
  v.payout = Micro(s.next_int());
  v.fee = Micro(s.next_int());
  v.closed_at_ms = s.next_int();
  return v;
}

Page<MessageView> HistoryReader::messages(const PageRequest& page) {
  return read_page(*impl_->source, kMessages, "", std::nullopt, page,
                   [](const MessageView&) { return true; });
}

Page<SignalView> HistoryReader::closed_signals(MarketId market, const PageRequest& page) {
  return read_page(*impl_->source, kClosedSignals, "closed_sequence > 0 AND ", std::nullopt, page,
                   [&](const SignalView& row) { return in_market(market, row.market); });
}

std::optional<SignalView> HistoryReader::signal(SignalId id) {
  const auto lease = impl_->source->lend();
  Query& select =
      lease->statement(std::string("SELECT ") + kSignalColumns + " FROM signals WHERE id = ?");
  select.bind(signed_of(id));
  std::optional<SignalView> signal;
  if (select.step() == Query::Step::row) signal = read_signal(select);
  select.reset();
  return signal;
}

}  // namespace perpetua::stores
