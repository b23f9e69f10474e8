// AgentsResult: what a run of `load agents` saw, and how it is shown.
//
// Every request that was due is counted once, by the second it was due in: in time (its true
// outcome, refusals included, came within kInTimeNs of the due time), late, or failed (no true
// outcome). Latencies count from the due time. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "load/agents/order_audit.hpp"
#include "load/agents/order_sender.hpp"
#include "load/agents/socket_fleet.hpp"
#include "load/histogram.hpp"

namespace perpetua::load {

struct SecondRow {
  // By due second.
  uint32_t due = 0;
  uint32_t in_time = 0;
  uint32_t refused = 0;  // of those with a true outcome
  uint32_t late = 0;
  uint32_t failed = 0;
  uint32_t retried = 0;
  // By the second in which it was seen.
  int64_t p50_ns = 0;
  int64_t p99_ns = 0;
  int64_t max_ns = 0;
  int64_t fanout_p99_ns = 0;
  int64_t event_p99_ns = 0;
  uint32_t live = 0;
  uint64_t private_events = 0;
  uint64_t public_messages = 0;
  uint64_t reconnects = 0;
  uint64_t gaps = 0;
};

struct AgentsResult {
  uint32_t agents = 0;
  uint32_t ready = 0;    // registered and funded
  int64_t start_ms = 0;  // since 1970
  int64_t elapsed_ns = 0;
  uint64_t orders = 0;
  uint64_t cancels = 0;
  uint64_t in_time = 0;
  uint64_t late = 0;
  uint64_t failed = 0;
  uint64_t refused = 0;
  uint64_t retried = 0;
  int64_t longest_pause_ns = 0;  // between two acknowledged requests
  std::map<std::string, uint64_t> refusals;
  std::map<std::string, uint64_t> failures;
  Histogram latency;
  Histogram fanout;         // private events: log time to arrival
  Histogram public_fanout;  // book and trades
  Histogram event;          // an order's sending to its `accepted` on the private stream
  FleetCounts sockets;
  bool is_audited = false;
  AuditCounts audit;
  std::string solvency;  // verdict; "": not read
  std::vector<SecondRow> seconds;

  void count(const Ticket& ticket, const RequestEnd& end, SecondRow& row);
  int64_t in_time_ppm() const;  // 10^6 if nothing was due
  bool is_right() const;        // nothing failed, was lost, doubled, or missing in a stream
};

std::string agents_table(const AgentsResult& result);
std::string agents_json(const AgentsResult& result);
std::string seconds_csv(const AgentsResult& result);

}  // namespace perpetua::load
