// Events as sentences.

#include <algorithm>

#include "base/decimal.hpp"
#include "facts.hpp"

namespace perpetua::scenario {
namespace {

class Teller {
 public:
  explicit Teller(const World& world) : world_(world) {}

  std::vector<Fact> tell() {
    for (const Event& event : world_.events()) tell_one(event);
    return std::move(facts_);
  }

 private:
  void tell_one(const Event& event) {
    switch (event.header.type) {
      case EventType::fill:
        return tell_fill(event);
      case EventType::liquidation:
        return tell_liquidation(event);
      case EventType::position_changed:
        return tell_change(event);
      case EventType::funding_settled:
        return tell_funding(event);
      case EventType::order_closed:
        return tell_closing(event);
      case EventType::trigger_changed:
        return tell_trigger(event);
      case EventType::trigger_closed:
        return tell_trigger_end(event);
      case EventType::switch_changed:
        return tell_switch(event);
      default:
        return;
    }
  }

  std::string subject(const Event& event) const {
    return event.header.agent == 0 ? "fund" : world_.agent_name(event.header.agent);
  }
  std::string market(const Event& event) const {
    return world_.markets()[event.header.market].name;
  }
  std::string size(const Event& event, Lots lots) const {
    return size_text(world_, event.header.market, lots);
  }
  std::string price(const Event& event, Price value) const {
    return price_text(world_, event.header.market, value);
  }

  void tell_fill(const Event& event) {
    const Fill& fill = event.fill;
    facts_.push_back({{subject(event), fill.side == Side::buy ? "bought" : "sold",
                       size(event, fill.lots), market(event)},
                      {{"at", price(event, fill.price)},
                       {"fee", usdc_text(fill.fee)},
                       {"pnl", usdc_text(fill.realised_pnl)},
                       {"cause", std::string(wire_name(fill.cause))}}});
  }

  void tell_liquidation(const Event& event) {
    const Liquidation& step = event.liquidation;
    constexpr std::string_view kBy[] = {"book", "fund", "deleveraging"};
    facts_.push_back({{subject(event), "liquidated", size(event, step.lots), market(event)},
                      {{"by", std::string(kBy[static_cast<int>(step.step)])},
                       {"value", usdc_text(step.value)},
                       {"fee", usdc_text(step.fee)},
                       {"equity", usdc_text(step.equity)},
                       {"maintenance", usdc_text(step.maintenance)},
                       {"mark", price(event, step.mark)}}});
  }

  void tell_change(const Event& event) {
    const PositionChanged& change = event.position_changed;
    if (change.cause == PositionChange::funding) {
      const bool is_payer = change.amount < Micro(0);
      facts_.push_back({{subject(event), is_payer ? "paid" : "received",
                         usdc_text(is_payer ? -change.amount : change.amount), "funding"},
                        {{"margin", usdc_text(change.margin)}}});
      return;
    }
    const bool is_deleveraged = change.cause == PositionChange::deleveraged;
    if (!is_deleveraged && change.cause != PositionChange::settled) return;
    Fact fact{{subject(event), is_deleveraged ? "deleveraged" : "settled", size(event, change.lots),
               market(event)},
              {{"value", usdc_text(change.value)}, {"pnl", usdc_text(change.amount)}}};
    if (is_deleveraged) {
      const AgentId bankrupt = change.counterparty;
      fact.attributes.emplace_back("rank", std::to_string(change.rank));
      fact.attributes.emplace_back("score", std::to_string(change.score_ppm));
      fact.attributes.emplace_back("against", bankrupt == 0 ? "fund" : world_.agent_name(bankrupt));
    }
    facts_.push_back(std::move(fact));
  }

  void tell_funding(const Event& event) {
    const FundingSettled& hour = event.funding_settled;
    constexpr int64_t kFirstHour = World::kStartMs / 3'600'000;
    facts_.push_back({{"funding", "settled", market(event)},
                      {{"rate", std::to_string(hour.rate_ppb)},
                       {"premium", std::to_string(hour.average_premium_ppb)},
                       {"samples", std::to_string(hour.samples)},
                       {"hour", std::to_string(hour.hour - kFirstHour)},
                       {"index", price(event, hour.index)},
                       {"due", usdc_text(hour.due)},
                       {"received", usdc_text(hour.received)}}});
  }

  void tell_closing(const Event& event) {
    const OrderClosed& closed = event.order_closed;
    facts_.push_back(
        {{subject(event), "lost", "order", size(event, closed.remaining), market(event)},
         {{"at", price(event, closed.price)}, {"reason", dashed(wire_name(closed.reason))}}});
  }

  static std::string dashed(std::string_view wire) {
    std::string text(wire);
    std::replace(text.begin(), text.end(), '_', '-');
    return text;
  }

  void tell_trigger(const Event& event) {
    const TriggerChanged& now = event.trigger_changed;
    const bool is_waiting = now.status == TriggerStatus::waiting;
    facts_.push_back({{subject(event), dashed(wire_name(now.kind)), is_waiting ? "waits" : "fired"},
                      {{"at", price(event, now.at)},
                       {"limit", now.limit == Price(0) ? "none" : price(event, now.limit)},
                       {"size", now.lots == Lots(0) ? "all" : size(event, now.lots)}}});
  }

  void tell_trigger_end(const Event& event) {
    const TriggerClosed& end = event.trigger_closed;
    const TriggerChanged last = world_.find_trigger(end.trigger_id);
    Fact fact{{subject(event), dashed(wire_name(last.kind)), "ended"},
              {{"at", price(event, last.at)},
               {"reason", dashed(wire_name(end.reason))},
               {"mark", price(event, end.mark)}}};
    if (end.code != 0) {
      const auto code = static_cast<ResultCode>(end.code);
      fact.attributes.emplace_back("code", std::string(result_info(code).name));
    }
    facts_.push_back(std::move(fact));
  }

  void tell_switch(const Event& event) {
    const int64_t deadline_ms = event.switch_changed.deadline_ms;
    if (deadline_ms == 0) {
      facts_.push_back({{subject(event), "switch", "off"}, {}});
      return;
    }
    facts_.push_back({{subject(event), "switch", "armed"},
                      {{"deadline", decimal_text(deadline_ms - World::kStartMs, 3) + "s"}}});
  }

  const World& world_;
  std::vector<Fact> facts_;
};

}  // namespace

std::vector<Fact> event_facts(const World& world) { return Teller(world).tell(); }

}  // namespace perpetua::scenario
