#include "load/agents/agents_result.hpp"

#include <fmt/format.h>

#include "base/units.hpp"
#include "load/agents/agents_options.hpp"
#include "load/report.hpp"

namespace perpetua::load {

namespace {

constexpr int64_t kP50 = 500'000;
constexpr int64_t kP99 = 990'000;
constexpr int64_t kP999 = 999'000;

std::string codes_json(const std::map<std::string, uint64_t>& codes) {
  std::string out = "{";
  for (const auto& [code, count] : codes) {
    out += fmt::format("{}\"{}\":{}", out.size() > 1 ? "," : "", code, count);
  }
  return out + "}";
}

std::string codes_text(const std::map<std::string, uint64_t>& codes) {
  std::string out;
  for (const auto& [code, count] : codes) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", code, count);
  }
  return out.empty() ? "none" : out;
}

std::string times_text(const Histogram& times) {
  return fmt::format(
      "p50 {}  p99 {}  p99.9 {}  max {} ms", milliseconds_text(times.percentile_ns(kP50)),
      milliseconds_text(times.percentile_ns(kP99)), milliseconds_text(times.percentile_ns(kP999)),
      milliseconds_text(times.max_ns()));
}

std::string times_json(const char* name, const Histogram& times) {
  return fmt::format("\"{}_p50_ms\":{},\"{}_p99_ms\":{},\"{}_p999_ms\":{},\"{}_max_ms\":{}", name,
                     milliseconds_text(times.percentile_ns(kP50)), name,
                     milliseconds_text(times.percentile_ns(kP99)), name,
                     milliseconds_text(times.percentile_ns(kP999)), name,
                     milliseconds_text(times.max_ns()));
}

}  // namespace

void AgentsResult::count(const Ticket& ticket, const RequestEnd& end, SecondRow& row) {
  const int64_t took_ns = end.at_ns - ticket.due_ns;
  latency.record(took_ns);
  retried += end.is_retried ? 1 : 0;
  row.retried += end.is_retried ? 1 : 0;
  if (end.ending == Ending::failed) {
    ++failed;
    ++row.failed;
    ++failures[end.code];
    return;
  }
  if (end.ending == Ending::refused) {
    ++refused;
    ++row.refused;
    ++refusals[end.code];
  }
  const bool is_in_time = took_ns <= kInTimeNs;
  is_in_time ? ++in_time : ++late;
  is_in_time ? ++row.in_time : ++row.late;
}

int64_t AgentsResult::in_time_ppm() const {
  const uint64_t due = in_time + late + failed;
  if (due == 0) return kPpm;
  return mul_div_floor(static_cast<int64_t>(in_time), kPpm, static_cast<int64_t>(due));
}

bool AgentsResult::is_right() const {
  const bool is_whole = sockets.gaps + sockets.repeats + sockets.tail_lost == 0;
  const bool is_sound = solvency == "ok" || !is_audited;
  return failed == 0 && late == 0 && ready == agents && is_whole && is_sound && audit.is_right();
}

std::string agents_table(const AgentsResult& result) {
  std::string out;
  const auto row = [&out](std::string_view name, const auto& value) {
    out += fmt::format("  {:<26}{}\n", name, value);
  };
  const FleetCounts& sockets = result.sockets;
  row("agents ready", fmt::format("{} of {}", result.ready, result.agents));
  row("requests", fmt::format("{} orders, {} cancels", result.orders, result.cancels));
  row("in time", fmt::format("{} ({}.{:04} %)", result.in_time, result.in_time_ppm() / 10'000,
                             result.in_time_ppm() % 10'000));
  row("late, failed, retried",
      fmt::format("{}, {}, {}", result.late, result.failed, result.retried));
  row("failures", codes_text(result.failures));
  row("refusals", codes_text(result.refusals));
  row("latency", times_text(result.latency));
  row("fan-out, private", times_text(result.fanout));
  row("fan-out, market data", times_text(result.public_fanout));
  row("order to private event", times_text(result.event));
  row("longest pause ms", milliseconds_text(result.longest_pause_ns));
  row("sockets", fmt::format("{} live, {} reconnects, {} failed to open", sockets.live,
                             sockets.reconnects, sockets.failed_opens));
  row("private events",
      fmt::format("{}, resumed {}", sockets.private_events, sockets.resumed_events));
  row("market data messages", sockets.public_messages);
  row("stream faults",
      fmt::format("{} gaps ({} lost cursors), {} repeats, {} tail, {} book; {} tails unchecked",
                  sockets.gaps, sockets.lost_cursors, sockets.repeats, sockets.tail_lost,
                  sockets.book_gaps, sockets.tails_unchecked));
  if (!result.is_audited) return out;
  const AuditCounts& audit = result.audit;
  row("audit", fmt::format("{} acknowledged: {} lost, {} double, {} other than told, {} cancels "
                           "lost, {} agents unread",
                           audit.acknowledged, audit.lost, audit.doubled, audit.contradicted,
                           audit.cancels_lost, audit.unread));
  row("solvency", result.solvency);
  return out;
}

std::string agents_json(const AgentsResult& result) {
  const FleetCounts& sockets = result.sockets;
  const AuditCounts& audit = result.audit;
  const int64_t due = static_cast<int64_t>(result.in_time + result.late + result.failed);
  const int64_t rate =
      result.elapsed_ns > 0 ? mul_div_floor(due, 1'000'000'000, result.elapsed_ns) : 0;
  std::string out = fmt::format(
      "{{\"agents\":{},\"ready\":{},\"start_ms\":{},\"elapsed_ms\":{},\"orders\":{},"
      "\"cancels\":{},\"rate_per_s\":{},\"in_time\":{},\"late\":{},\"failed\":{},\"refused\":{},"
      "\"retried\":{},\"in_time_ppm\":{},\"longest_pause_ms\":{},",
      result.agents, result.ready, result.start_ms, result.elapsed_ns / 1'000'000, result.orders,
      result.cancels, rate, result.in_time, result.late, result.failed, result.refused,
      result.retried, result.in_time_ppm(), milliseconds_text(result.longest_pause_ns));
  out += times_json("latency", result.latency) + "," + times_json("fanout", result.fanout) + "," +
         times_json("public_fanout", result.public_fanout) + "," +
         times_json("event", result.event) + ",";
  out += fmt::format(
      "\"sockets_live\":{},\"reconnects\":{},\"failed_opens\":{},\"private_events\":{},"
      "\"resumed_events\":{},\"public_messages\":{},\"gaps\":{},\"lost_cursors\":{},\"repeats\":{},"
      "\"book_gaps\":{},"
      "\"tail_lost\":{},\"tails_unchecked\":{},",
      sockets.live, sockets.reconnects, sockets.failed_opens, sockets.private_events,
      sockets.resumed_events, sockets.public_messages, sockets.gaps, sockets.lost_cursors,
      sockets.repeats, sockets.book_gaps, sockets.tail_lost, sockets.tails_unchecked);
  out += fmt::format(
      "\"audited\":{},\"acknowledged\":{},\"lost\":{},\"double\":{},\"contradicted\":{},"
      "\"cancels_lost\":{},\"unread\":{},\"solvency\":\"{}\",",
      result.is_audited, audit.acknowledged, audit.lost, audit.doubled, audit.contradicted,
      audit.cancels_lost, audit.unread, result.solvency);
  out += "\"failures\":" + codes_json(result.failures) +
         ",\"refusals\":" + codes_json(result.refusals) + ",\"audit_examples\":[";
  for (const std::string& text : audit.examples) {
    out += fmt::format("{}\"{}\"", out.back() == '[' ? "" : ",", text);
  }
  return out + fmt::format("],\"is_right\":{}}}", result.is_right());
}

std::string seconds_csv(const AgentsResult& result) {
  std::string out =
      "second,due,in_time,refused,late,failed,retried,p50_ms,p99_ms,max_ms,fanout_p99_ms,"
      "event_p99_ms,live,private_events,public_messages,reconnects,gaps\n";
  for (std::size_t i = 0; i < result.seconds.size(); ++i) {
    const SecondRow& row = result.seconds[i];
    out +=
        fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", i, row.due, row.in_time,
                    row.refused, row.late, row.failed, row.retried, milliseconds_text(row.p50_ns),
                    milliseconds_text(row.p99_ns), milliseconds_text(row.max_ns),
                    milliseconds_text(row.fanout_p99_ns), milliseconds_text(row.event_p99_ns),
                    row.live, row.private_events, row.public_messages, row.reconnects, row.gaps);
  }
  return out;
}

}  // namespace perpetua::load
