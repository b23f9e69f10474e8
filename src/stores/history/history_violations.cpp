// What bounds an agent, in the history: refusals by risk limits, notes of acknowledged alerts. The
// tables are in history_schema.cpp.
#include "stores/history/history_pages.hpp"
#include "stores/history/history_schema.hpp"

namespace perpetua::stores {

namespace {

const List<ViolationView> kViolations{
    'v',      kViolationColumns, "violations",
    "number", read_violation,    [](const ViolationView& row) { return row.number; }};

}  // namespace

const char kViolationColumns[] = "number, agent, market, kind, value, allowed, time_ms";

void bind_violation(ValueSink& s, const ViolationView& v) {
  s.bind(static_cast<int64_t>(v.number)).bind(v.agent).bind(v.market);
  s.bind(static_cast<int64_t>(v.limit)).bind(v.value).bind(v.allowed).bind(v.time_ms);
}

ViolationView read_violation(ValueSource& s) {
  ViolationView v;
  v.number = static_cast<uint64_t>(s.next_int());
  v.agent = static_cast<AgentId>(s.next_int());
  v.market = static_cast<MarketId>(s.next_int());
  v.limit = s.next_enum<RiskLimit>();
  v.value = s.next_int();
  v.allowed = s.next_int();
  v.time_ms = s.next_int();
  return v;
}

Page<ViolationView> HistoryReader::violations(AgentId agent, const PageRequest& page) {
  const auto all = [](const ViolationView&) { return true; };
  if (agent == 0) return read_page(*impl_->source, kViolations, "", std::nullopt, page, all);
  return read_page(*impl_->source, kViolations, "agent = ? AND ", agent, page, all);
}

bool HistoryReader::notes(const std::function<void(const MessageView&)>& visit) {
  static_assert(static_cast<int>(MessageKind::alert) == 4);
  const auto lease = impl_->source->lend();
  Query& select = lease->scan(std::string("SELECT ") + kMessageColumns +
                              " FROM messages WHERE kind = 4 AND agent = to_agent"
                              " ORDER BY message_id");
  Query::Step step = select.step();
  for (; step == Query::Step::row; step = select.step()) visit(read_message(select));
  select.reset();
  return step == Query::Step::done;
}

}  // namespace perpetua::stores
