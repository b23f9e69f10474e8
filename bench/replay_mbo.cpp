// replay_mbo FILE.csv [COUNTS]: a real venue's order-by-order record through the book. Claim:
// whenever the venue traded, the orders it filled are the ones our queue has in front.
//
// A trade group is what one event traded at one price: the lots of its T rows and the resting
// orders of its F rows. An aggressor can have an F row too: it rested, was amended to a price that
// crosses and traded before its M or C row. It is not a part of the queue and is left out of the
// group.
//
// The classes; the record shows the cause of each but the fourth:
//   front        exactly the first orders of the queue, in order, the last one possibly in part
//   self-match   the same, once orders ahead are left out that the venue cancels in this event: it
//                removes a resting order that would trade with its own owner. Everywhere in the
//                record a cancel that shares its event stood where the newcomer crossed.
//   iceberg      one order used up its displayed part and traded or shows a new one. It is listed
//                once, after the others, with all it traded.
//   listed last  one order, used up, is listed after the others as an iceberg is, but shows no new
//                part. The others are filled as if it had been served in its place.
//   unexplained  anything else, for example a trade against no order of the book
//
// Until the opening auction the venue's book is crossed and lives in a list; the auction's trades
// are taken as they come. Exit code 1 if a group is unexplained, if the record and the book
// contradict each other, or if less than kFrontPermilleMin of the groups are of the first two
// classes. A small extract has too few groups for that share: COUNTS ("81,1,3,1,0", one number for
// each class) then takes its place and must be met exactly.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "bench/mbo_file.hpp"
#include "engine/book/book.hpp"

namespace perpetua::bench {
namespace {

constexpr int64_t kAuctionNs = 1'703'545'200'000'000'000;
constexpr uint64_t kFrontPermilleMin = 960;

enum Class { kFront, kSelfMatch, kIceberg, kListedLast, kUnexplained, kClasses };
constexpr const char* kClassNames[kClasses] = {"front", "self-match", "iceberg", "listed last",
                                               "unexplained"};

struct Fill {
  uint64_t order_id = 0;
  int64_t lots = 0;
  bool operator==(const Fill&) const = default;
};

struct TradeGroup {
  Price price;
  int64_t traded_lots = 0;
  std::vector<Fill> fills;
};

bool has_row(std::span<const MboRow> event, char action, uint64_t order_id) {
  return std::any_of(event.begin(), event.end(), [&](const MboRow& row) {
    return row.action == action && row.order_id == order_id;
  });
}

// Whether a cancelled order stood where another row of the event came in from the other side.
bool is_crossed(const MboRow& cancelled, std::span<const MboRow> event) {
  return std::any_of(event.begin(), event.end(), [&](const MboRow& row) {
    if ((row.action != 'T' && row.action != 'A') || row.side == cancelled.side) return false;
    return row.side == Side::buy ? row.price >= cancelled.price : row.price <= cancelled.price;
  });
}

// The last order of a group may be used in part; all others must be used up.
bool is_same_sequence(const std::vector<Fill>& fills, const std::vector<Fill>& front) {
  if (fills.empty() || front.size() != fills.size()) return fills.size() == front.size();
  return std::equal(fills.begin(), fills.end() - 1, front.begin()) &&
         fills.back().order_id == front.back().order_id && fills.back().lots <= front.back().lots;
}

// The orders of a level before the auction, in order of arrival.
class WaitingRoom {
 public:
  void put(uint64_t order_id, const MboRow& row) {
    Waiting& order = orders_[order_id];
    const bool keeps = order.row.price == row.price && row.lots <= order.row.lots;
    if (!keeps) order.arrival = ++arrivals_;
    order.row = row;
  }
  void fill(uint64_t order_id, Lots lots) {
    const auto order = orders_.find(order_id);
    if (order != orders_.end()) order->second.row.lots -= lots;
  }
  void cancel(uint64_t order_id) { orders_.erase(order_id); }

  std::vector<MboRow> in_order() const {
    std::map<uint64_t, MboRow> sorted;
    for (const auto& [order_id, order] : orders_) {
      if (order.row.lots > Lots(0)) sorted[order.arrival] = order.row;
    }
    std::vector<MboRow> rows;
    for (const auto& [arrival, row] : sorted) rows.push_back(row);
    return rows;
  }

 private:
  struct Waiting {
    MboRow row;
    uint64_t arrival = 0;
  };
  std::unordered_map<uint64_t, Waiting> orders_;
  uint64_t arrivals_ = 0;
};

class Replay {
 public:
  void run(std::span<const MboRow> rows);
  bool report(const std::string& expected_counts) const;

 private:
  void wait(const MboRow& row);
  void open();
  void apply_event(std::span<const MboRow> event);
  void apply_trades(std::span<const MboRow> event);
  void apply_change(const MboRow& row);
  void rest(const MboRow& row);
  void modify(const MboRow& row);
  void cancel(uint64_t order_id);
  std::vector<TradeGroup> group_trades(std::span<const MboRow> event);
  Class classify(const TradeGroup& group, std::span<const MboRow> event) const;
  void consume(const Fill& fill);
  uint32_t slot_of(uint64_t order_id) const {
    const auto found = slots_.find(order_id);
    return found == slots_.end() ? kNilSlot : found->second;
  }

  Book book_{0, Price(limits::kPriceMaxTicks)};
  WaitingRoom waiting_;
  bool is_open_ = false;
  std::unordered_map<uint64_t, uint32_t> slots_;  // order id of the venue -> slot
  std::vector<uint64_t> order_ids_;               // slot -> order id of the venue
  std::unordered_set<uint64_t> filled_;           // used up, the C or M row is still to come
  uint64_t groups_[kClasses] = {};
  uint64_t fills_ = 0;
  uint64_t amended_ = 0;  // fills of aggressors that rested before
  uint64_t changes_ = 0;
  uint64_t self_match_cancels_ = 0;
  uint64_t contradictions_ = 0;
};

void Replay::run(std::span<const MboRow> rows) {
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin;
    while (end < rows.size() && rows[end].event_ns == rows[begin].event_ns) ++end;
    if (rows[begin].event_ns > kAuctionNs) {
      if (!is_open_) open();
      apply_event(rows.subspan(begin, end - begin));
    } else {
      for (std::size_t i = begin; i < end; ++i) wait(rows[i]);
    }
    begin = end;
  }
  book_.check_invariants();
}

void Replay::wait(const MboRow& row) {
  if (row.action == 'A' || row.action == 'M') waiting_.put(row.order_id, row);
  if (row.action == 'C') waiting_.cancel(row.order_id);
  if (row.action == 'F') waiting_.fill(row.order_id, row.lots);
}

void Replay::open() {
  is_open_ = true;
  for (const MboRow& row : waiting_.in_order()) rest(row);
  book_.check_invariants();
}

// Within an event the venue reports what entered before what it cancelled for it.
void Replay::apply_event(std::span<const MboRow> event) {
  apply_trades(event);
  for (const MboRow& row : event) {
    if (row.action != 'C') continue;
    if (event.size() > 1 && !has_row(event, 'F', row.order_id)) {
      ++(is_crossed(row, event) ? self_match_cancels_ : contradictions_);
    }
    cancel(row.order_id);
  }
  for (const MboRow& row : event) apply_change(row);
}

void Replay::apply_trades(std::span<const MboRow> event) {
  for (const TradeGroup& group : group_trades(event)) {
    ++groups_[classify(group, event)];
    for (const Fill& fill : group.fills) consume(fill);
  }
  for (const MboRow& row : event) {
    if (row.action != 'F' || !has_row(event, 'T', row.order_id)) continue;
    ++amended_;
    consume({row.order_id, row.lots.value});
  }
}

// Several fills of one order count at its last.
std::vector<TradeGroup> Replay::group_trades(std::span<const MboRow> event) {
  std::vector<TradeGroup> groups;
  for (const MboRow& row : event) {
    if (row.action != 'F' && row.action != 'T') continue;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const TradeGroup& other) { return other.price == row.price; });
    if (group == groups.end()) group = groups.insert(groups.end(), {row.price, 0, {}});
    if (row.action == 'T') group->traded_lots += row.lots.value;
    if (row.action == 'T' || has_row(event, 'T', row.order_id)) continue;
    std::vector<Fill>& fills = group->fills;
    const auto known = std::find_if(fills.begin(), fills.end(), [&](const Fill& fill) {
      return fill.order_id == row.order_id;
    });
    Fill fill{row.order_id, row.lots.value};
    if (known != fills.end()) {
      fill.lots += known->lots;
      fills.erase(known);
    }
    fills.push_back(fill);
    ++fills_;
  }
  return groups;
}

Class Replay::classify(const TradeGroup& group, std::span<const MboRow> event) const {
  int64_t unmatched_lots = group.traded_lots;
  for (const Fill& fill : group.fills) unmatched_lots -= fill.lots;
  if (group.fills.empty() || unmatched_lots != 0) return kUnexplained;

  bool left_out = false;
  std::vector<Fill> queue;
  for (uint32_t slot = book_.level_front(group.price); slot != kNilSlot;
       slot = book_.next_in_level(slot)) {
    const uint64_t order_id = order_ids_[slot];
    const bool is_cancelled = has_row(event, 'C', order_id) && !has_row(event, 'F', order_id);
    if (!is_cancelled)
      queue.push_back({order_id, book_.remaining(slot).value});
    else if (queue.size() < group.fills.size())
      left_out = true;
  }
  const bool takes_level = queue.size() == group.fills.size();
  if (queue.size() > group.fills.size()) queue.resize(group.fills.size());
  if (is_same_sequence(group.fills, queue)) return left_out ? kSelfMatch : kFront;

  std::vector<Fill> others = group.fills;
  const Fill late = others.back();
  others.pop_back();
  const auto shown = std::find_if(queue.begin(), queue.end(), [&](const Fill& order) {
    return order.order_id == late.order_id;
  });
  if (shown == queue.end() || late.lots < shown->lots) return kUnexplained;
  const bool is_hidden_filled = late.lots > shown->lots;
  queue.erase(shown);
  // Its next part queues behind all others, so these must be used up before it trades.
  if (is_hidden_filled) return takes_level && others == queue ? kIceberg : kUnexplained;
  if (!is_same_sequence(others, queue)) return kUnexplained;
  return has_row(event, 'M', late.order_id) ? kIceberg : kListedLast;
}

void Replay::consume(const Fill& fill) {
  const uint32_t slot = slot_of(fill.order_id);
  if (slot == kNilSlot) {
    ++contradictions_;
  } else if (fill.lots < book_.remaining(slot).value) {
    book_.reduce(slot, Lots(fill.lots));
  } else {
    cancel(fill.order_id);
    filled_.insert(fill.order_id);
  }
}

void Replay::apply_change(const MboRow& row) {
  if (row.action == 'A') rest(row);
  if (row.action == 'M') modify(row);
  if (row.action == 'C' || row.action == 'A' || row.action == 'M') ++changes_;
}

void Replay::rest(const MboRow& row) {
  const Price other = book_.best(opposite(row.side));
  const bool crosses =
      other != Price(0) && (row.side == Side::buy ? row.price >= other : row.price <= other);
  if (crosses || row.lots <= Lots(0) || slot_of(row.order_id) != kNilSlot) {
    ++contradictions_;
    return;
  }
  const uint32_t slot = book_.allocate(0, row.side);
  book_.insert(slot, row.price, row.lots);
  order_ids_.resize(book_.slot_count());
  order_ids_[slot] = row.order_id;
  slots_[row.order_id] = slot;
}

// A smaller size keeps the place; another price or a larger size goes to the back. After a fill
// that used the order up, the row is an iceberg's next displayed part.
void Replay::modify(const MboRow& row) {
  const uint32_t slot = slot_of(row.order_id);
  if (slot == kNilSlot) {
    if (filled_.erase(row.order_id) == 0) ++contradictions_;
    rest(row);
    return;
  }
  const Lots remaining = book_.remaining(slot);
  if (book_.price(slot) == row.price && row.lots <= remaining) {
    if (row.lots < remaining) book_.reduce(slot, remaining - row.lots);
    return;
  }
  cancel(row.order_id);
  rest(row);
}

void Replay::cancel(uint64_t order_id) {
  const uint32_t slot = slot_of(order_id);
  if (slot == kNilSlot) {
    if (filled_.erase(order_id) == 0) ++contradictions_;
    return;
  }
  book_.remove(slot);
  book_.release(slot);
  slots_.erase(order_id);
}

// Returns whether the claim holds.
bool Replay::report(const std::string& expected_counts) const {
  uint64_t all = 0;
  std::string counts;
  for (const uint64_t count : groups_) {
    all += count;
    if (!counts.empty()) counts.push_back(',');
    counts.append(std::to_string(count));
  }
  const uint64_t in_front = groups_[kFront] + groups_[kSelfMatch];
  const uint64_t contradictions = contradictions_ + filled_.size();
  std::printf("order changes %" PRIu64 ", fills %" PRIu64 " and %" PRIu64
              " of amended aggressors, self-match cancels %" PRIu64 ", resting at the end %" PRIu32
              ", contradictions %" PRIu64 "\ntrade groups %" PRIu64 "\n",
              changes_, fills_, amended_, self_match_cancels_, book_.live_count(), contradictions,
              all);
  for (int i = 0; i < kClasses; ++i) {
    std::printf("  %-12s %6" PRIu64 "\n", kClassNames[i], groups_[i]);
  }
  const auto print_share = [&](const char* name, uint64_t count) {
    const uint64_t permille = all == 0 ? 0 : count * 1'000 / all;
    std::printf("%s: %" PRIu64 ".%" PRIu64 " %% of the trade groups\n", name, permille / 10,
                permille % 10);
  };
  print_share("queue's front consumed as the book stood", groups_[kFront]);
  print_share("queue's front consumed, self-match cancels first", in_front);
  if (contradictions != 0 || groups_[kUnexplained] != 0) return false;
  if (!expected_counts.empty()) return counts == expected_counts;
  return all != 0 && in_front * 1'000 >= kFrontPermilleMin * all;
}

}  // namespace
}  // namespace perpetua::bench

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fputs("usage: replay_mbo FILE.csv [COUNTS]\n", stderr);
    return 2;
  }
  std::vector<perpetua::bench::MboRow> rows;
  const std::string fault = perpetua::bench::load_mbo_file(argv[1], rows);
  if (!fault.empty()) {
    std::fprintf(stderr, "%s\n", fault.c_str());
    return 2;
  }
  perpetua::bench::Replay replay;
  replay.run(rows);
  return replay.report(argc == 3 ? argv[2] : "") ? 0 : 1;
}
