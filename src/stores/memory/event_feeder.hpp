// EventFeeder: writes the events of one batch, or of a description, into the domains.
//
// One thread, one feeder at a time; lives for one batch, whose text it points into. Holds the lock
// of the market it is in the middle of; an event of another market, or of none, lets go of it.
// Events that contradict the state (a fill of an unknown order) abort: they are not this history.
#pragma once

#include <mutex>
#include <string_view>

#include "stores/memory/hot_domains.hpp"

namespace perpetua::stores {

class EventFeeder {
 public:
  // batch 0: a description.
  EventFeeder(HotDomains& domains, BatchNumber batch, int64_t time_ms, std::string_view text)
      : domains_(domains), batch_(batch), time_ms_(time_ms), text_(text) {}

  // `reason` is the text of an intent, on order_accepted.
  void feed(const Event& event, std::string_view reason);

 private:
  void feed_order(const Event& event, std::string_view reason);
  void feed_ledger(const Event& event);
  void feed_agents(const Event& event);
  void close_signal(const Event& event);
  void create_market(const Event& event);
  void update_price(const Event& event);
  void accept_order(const Event& event, std::string_view reason);
  void amend_order(const Event& event);
  void close_order(const Event& event);
  void fill(const Event& event);
  void change_position(const Event& event);
  void note_position(AgentId agent, const Position& after, const HoldingChange& change);
  void warn_owners(const Event& event);
  void alert(const AlertView& view);

  void enter_market(MarketId id);
  void leave_market();

  HotDomains& domains_;
  BatchNumber batch_;
  int64_t time_ms_;
  std::string_view text_;
  MarketState* market_ = nullptr;
  std::unique_lock<std::mutex> lock_;
};

}  // namespace perpetua::stores
