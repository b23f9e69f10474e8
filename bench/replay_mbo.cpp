// replay_mbo FILE.csv [COUNTS]: a real venue's order-by-order record through the book. Claim:
// whenever the venue traded at a price of its book, the orders it filled are the ones our queue has
// in front.
//
// A trade group is what one event filled at one price. It is put into one of these classes:
//   front        exactly the first orders of the queue, in order, the last one possibly in part
//   self-match   the same, once orders ahead are left out that the venue cancels in this event
//                (self-match prevention: their owner is the aggressor)
//   iceberg      the same orders, but one refreshed its displayed size from its hidden rest, so it
//                is reported after those it was ahead of
//   reordered    the same orders and quantities, but not reported in the queue's order; the record
//                does not say why
//   other price  printed away from the order's price (a leg of a spread trade): no queue to compare
//   unexplained  anything else
//
// The first four consume the queue's front as a set; only `front` does so in strict order. Both
// shares are printed.
//
// Until the opening auction the venue's book is crossed and lives in a list; the auction's trades
// are taken as they come. Exit code 1 if a group is unexplained, if the record and the book
// contradict each other, or if less than kFrontPermilleMin of the groups consume the front. A small
// extract has too few groups for that share: COUNTS ("77,1,3,1,4,0", one number for each class)
// then takes its place and must be met exactly.
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

enum Class { kFront, kSelfMatch, kIceberg, kReordered, kOtherPrice, kUnexplained, kClasses };
constexpr const char* kClassNames[kClasses] = {"front",     "self-match",  "iceberg",
                                               "reordered", "other price", "unexplained"};

struct Fill {
  uint64_t order_id = 0;
  int64_t lots = 0;
  bool operator==(const Fill&) const = default;
};

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
  Class classify(Price price, const std::vector<Fill>& fills, std::span<const MboRow> event) const;
  Class compare(const std::vector<Fill>& fills, const std::vector<Fill>& front,
                std::span<const MboRow> event) const;
  void consume(const Fill& fill);
  bool is_changed(char action, uint64_t order_id, std::span<const MboRow> event) const;
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
  uint64_t changes_ = 0;
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
    if (row.action == 'C') cancel(row.order_id);
  }
  for (const MboRow& row : event) apply_change(row);
}

// Fills of one price as one group; several fills of one order count at its last.
void Replay::apply_trades(std::span<const MboRow> event) {
  std::vector<std::pair<Price, std::vector<Fill>>> groups;
  for (const MboRow& row : event) {
    if (row.action != 'F') continue;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const auto& other) { return other.first == row.price; });
    if (group == groups.end()) group = groups.insert(groups.end(), {row.price, {}});
    std::vector<Fill>& fills = group->second;
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
  for (const auto& [price, fills] : groups) {
    ++groups_[classify(price, fills, event)];
    for (const Fill& fill : fills) consume(fill);
  }
}

Class Replay::classify(Price price, const std::vector<Fill>& fills,
                       std::span<const MboRow> event) const {
  for (const Fill& fill : fills) {
    const uint32_t slot = slot_of(fill.order_id);
    if (slot == kNilSlot) return kUnexplained;
    if (book_.price(slot) != price) return kOtherPrice;
  }
  const auto in_group = [&](uint64_t order_id) {
    return std::any_of(fills.begin(), fills.end(),
                       [&](const Fill& fill) { return fill.order_id == order_id; });
  };
  bool left_out = false;
  std::vector<Fill> front;
  for (uint32_t slot = book_.level_front(price); slot != kNilSlot && front.size() < fills.size();
       slot = book_.next_in_level(slot)) {
    const uint64_t order_id = order_ids_[slot];
    if (!in_group(order_id) && is_changed('C', order_id, event)) left_out = true;
    else front.push_back({order_id, book_.remaining(slot).value});
  }
  const Class result = compare(fills, front, event);
  return result == kFront && left_out ? kSelfMatch : result;
}

// The last order of a group may be used in part; all others must be used up.
bool is_same_sequence(const std::vector<Fill>& fills, const std::vector<Fill>& front) {
  if (fills.empty() || front.size() != fills.size()) return fills.size() == front.size();
  return std::equal(fills.begin(), fills.end() - 1, front.begin()) &&
         fills.back().order_id == front.back().order_id && fills.back().lots <= front.back().lots;
}

// `front` is what the book holds in front, with its displayed lots.
Class Replay::compare(const std::vector<Fill>& fills, const std::vector<Fill>& front,
                      std::span<const MboRow> event) const {
  if (is_same_sequence(fills, front)) return kFront;
  if (front.size() != fills.size()) return kUnexplained;
  bool all_used_up = true;
  std::vector<Fill> plain;
  std::vector<Fill> plain_front;
  std::unordered_set<uint64_t> refreshed;
  for (const Fill& fill : fills) {
    const int64_t shown = book_.remaining(slot_of(fill.order_id)).value;
    all_used_up &= fill.lots >= shown || fill.order_id == front.back().order_id;
    const bool is_refreshed =
        fill.lots > shown || (fill.lots == shown && is_changed('M', fill.order_id, event));
    if (is_refreshed) refreshed.insert(fill.order_id);
    else plain.push_back(fill);
  }
  for (const Fill& order : front) {
    const bool is_filled = std::any_of(fills.begin(), fills.end(), [&](const Fill& fill) {
      return fill.order_id == order.order_id;
    });
    if (!is_filled) return kUnexplained;
    if (!refreshed.contains(order.order_id)) plain_front.push_back(order);
  }
  if (!refreshed.empty() && is_same_sequence(plain, plain_front)) return kIceberg;
  return all_used_up ? kReordered : kUnexplained;
}

bool Replay::is_changed(char action, uint64_t order_id, std::span<const MboRow> event) const {
  return std::any_of(event.begin(), event.end(), [&](const MboRow& row) {
    return row.action == action && row.order_id == order_id;
  });
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
  const bool crosses = other != Price(0) &&
                       (row.side == Side::buy ? row.price >= other : row.price <= other);
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
  const uint64_t in_front =
      groups_[kFront] + groups_[kSelfMatch] + groups_[kIceberg] + groups_[kReordered];
  const uint64_t contradictions = contradictions_ + filled_.size();
  std::printf("order changes %" PRIu64 ", fills %" PRIu64 ", trade groups %" PRIu64
              ", resting at the end %" PRIu32 ", contradictions %" PRIu64 "\n",
              changes_, fills_, all, book_.live_count(), contradictions);
  for (int i = 0; i < kClasses; ++i) {
    std::printf("  %-12s %6" PRIu64 "\n", kClassNames[i], groups_[i]);
  }
  const auto print_share = [&](const char* name, uint64_t count) {
    const uint64_t permille = all == 0 ? 0 : count * 1'000 / all;
    std::printf("%s: %" PRIu64 ".%" PRIu64 " %% of the trade groups\n", name, permille / 10,
                permille % 10);
  };
  print_share("queue's front consumed, in strict order", groups_[kFront]);
  print_share("queue's front consumed", in_front);
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
