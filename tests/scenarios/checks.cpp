#include "checks.hpp"

#include <algorithm>

#include "drawn_book.hpp"

namespace perpetua::scenario {
namespace {

// What events can be called, and how many words their sentence has before the attributes.
struct Verb {
  std::string_view name;
  std::size_t head_words;
};
constexpr Verb kVerbs[] = {{"bought", 4},      {"sold", 4},    {"liquidated", 4},
                           {"deleveraged", 4}, {"settled", 4}, {"paid", 4},
                           {"received", 4},    {"lost", 5},    {"stop", 3},
                           {"take-profit", 3}, {"switch", 3}};
constexpr std::string_view kEventAttributes[] = {
    "at",   "fee",   "pnl",     "cause",  "by",     "value", "equity", "maintenance", "mark",
    "rank", "score", "against", "reason", "margin", "limit", "size",   "code",        "deadline"};
constexpr std::string_view kMarketAttributes[] = {"mode", "prices",    "breaker",  "index",
                                                  "mark", "maker-fee", "taker-fee"};
const std::string kAnybody = "nobody";

const Verb* find_verb(std::string_view name) {
  const auto* found = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                   [&](const Verb& verb) { return verb.name == name; });
  return found == std::end(kVerbs) ? nullptr : found;
}

template <std::size_t size>
bool contains(const std::string_view (&names)[size], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs take_pairs(Words& words) {
  Pairs pairs;
  while (!words.is_at_end()) {
    std::string name = words.take("what to compare");
    pairs.emplace_back(std::move(name), canonical(words.take("its value")));
  }
  return pairs;
}

bool has_attributes(const Fact& fact, const Pairs& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
    return std::find(fact.attributes.begin(), fact.attributes.end(), pair) != fact.attributes.end();
  });
}

std::string list_text(const std::vector<Fact>& facts) {
  if (facts.empty()) return "nothing of the kind";
  std::string text;
  for (const Fact& fact : facts) text += (text.empty() ? "" : "\n            ") + fact.text();
  return text;
}

}  // namespace

void Checks::run(const Statement& statement) {
  Words words(statement);
  try {
    if (words.peek() == "money" || words.peek() == "base") {
      check_identity(words);
    } else if (words.accept("book")) {
      check_book(words);
    } else if (words.accept({"index", "refused"})) {
      check_refusal(words, "index");
    } else if (words.peek() == "market" || contains(kMarketAttributes, words.peek())) {
      check_market(words);
    } else {
      check_subject(words);
    }
    words.end();
  } catch (Mismatch& mismatch) {
    if (mismatch.expected.empty()) mismatch.expected = join_words(statement.words);
    throw;
  }
}

void Checks::check_identity(Words& words) {
  if (words.accept({"money", "identity", "holds"})) {
    if (world_.money_difference() != 0) throw Mismatch{"", "money came or went"};
    return;
  }
  words.expect("base");
  for (const std::string_view word : {"sums", "to", "zero"}) words.expect(word);
  for (MarketId market = 0; market < world_.markets().size(); ++market) {
    const Lots sum = world_.base_sum(market);
    if (sum != Lots(0)) throw Mismatch{"", std::to_string(sum.value) + " lots"};
  }
}

// [market BTC] mode open, mark 60000
void Checks::check_market(Words& words) {
  const bool is_named = words.accept("market");
  if (!is_named && world_.markets().size() != 1) words.fail("which market? `market NAME` first");
  const MarketId market = is_named ? actions_.take_market(words) : 0;
  check_state(words, market_fact(world_, world_.describe(), market), 0);
}

// What is left of the statement are attributes of `fact`.
void Checks::check_state(Words& words, const Fact& fact, std::size_t head_words) {
  for (std::size_t i = fact.head.size() - head_words; i < fact.head.size(); ++i) {
    if (canonical(words.peek()) != fact.head[i]) throw Mismatch{"", fact.text()};
    words.accept(words.peek());
  }
  for (const auto& pair : take_pairs(words)) {
    const auto found =
        std::find_if(fact.attributes.begin(), fact.attributes.end(),
                     [&](const auto& attribute) { return attribute.first == pair.first; });
    if (found == fact.attributes.end()) words.fail("unknown word `" + pair.first + "`");
    if (found->second != pair.second) throw Mismatch{"", fact.text()};
  }
}

void Checks::check_subject(Words& words) {
  const bool is_fund = words.peek() == "fund";
  const bool is_known = is_fund || contains({"operator", "funding", kAnybody}, words.peek()) ||
                        world_.find_agent(words.peek()) != 0;
  const std::string subject = words.take("whose state");
  if (!is_known) words.fail("unknown word `" + subject + "`");
  if (words.accept("refused")) return check_refusal(words, subject);
  const Description now = world_.describe();
  if (is_fund && find_verb(words.peek()) == nullptr && words.peek() != "not") {
    const MarketId market = words.accept("of") ? actions_.take_market(words) : 0;
    const Fact fact = fund_fact(world_, now, market);
    return check_state(words, fact, words.peek() == "position" ? fact.head.size() - 1 : 0);
  }
  if (words.accept("account")) {
    return check_state(words, account_fact(world_, now, world_.find_agent(subject)), 0);
  }
  if (words.accept("position")) {
    const MarketId market = words.accept("in") ? actions_.take_market(words) : 0;
    const Fact fact = position_fact(world_, now, world_.find_agent(subject), market);
    const bool has_head = contains({"long", "short", "none"}, words.peek());
    return check_state(words, fact, has_head ? fact.head.size() - 2 : 0);
  }
  check_event(words, subject);
}

std::vector<Fact> Checks::facts_of(const std::string& subject, const std::string& verb) const {
  std::vector<Fact> facts;
  for (Fact& fact : event_facts(world_)) {
    const bool is_of = subject == kAnybody || fact.head[0] == subject;
    if (is_of && (verb.empty() || fact.head[1] == verb)) facts.push_back(std::move(fact));
  }
  return facts;
}

// alice sold 1 BTC at 50000 | alice not sold | alice sold 3 times | nobody sold
void Checks::check_event(Words& words, const std::string& subject) {
  if (subject == kAnybody || words.accept("not")) {
    const std::string verb = words.take("what did not happen");
    return check_count(words, subject, verb, 0);
  }
  const std::string verb = subject == "funding" ? "settled" : words.take("what happened");
  const Verb* known = find_verb(verb);
  if (known == nullptr) words.fail("unknown word `" + verb + "`");
  const bool is_funding = subject == "funding";
  std::vector<std::string> head{subject, verb};
  if (is_funding && words.is_at_end()) words.fail("the rate, or how often");
  const bool is_count = words.peek().find_first_not_of("0123456789") == std::string::npos;
  if (!is_funding || is_count) {
    head.push_back(canonical(words.take("how much")));
    if (words.accept("times")) {
      Statement number{words.line(), {head.back()}, {}};
      return check_count(words, subject, verb, Words(number).take_integer("a number"));
    }
    while (head.size() < known->head_words) head.push_back(canonical(words.take("the rest")));
  }
  const Pairs pairs = take_pairs(words);
  if (!is_funding) {
    for (const auto& pair : pairs) {
      if (!contains(kEventAttributes, pair.first)) words.fail("unknown word `" + pair.first + "`");
    }
  }
  const std::vector<Fact> all = event_facts(world_);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_same = std::equal(head.begin(), head.end(), all[i].head.begin(),
                                    all[i].head.begin() + static_cast<std::ptrdiff_t>(head.size()));
    if (!is_same || !has_attributes(all[i], pairs)) continue;
    if (named_events_.insert(i).second) return;
  }
  throw Mismatch{"", list_text(facts_of(subject, verb))};
}

void Checks::check_count(Words& words, const std::string& subject, const std::string& verb,
                         int64_t expected) {
  if (find_verb(verb) == nullptr) words.fail("unknown word `" + verb + "`");
  const std::vector<Fact> facts = facts_of(subject, verb);
  if (static_cast<int64_t>(facts.size()) == expected) return;
  throw Mismatch{"", std::to_string(facts.size()) + " times: " + list_text(facts)};
}

// alice refused insufficient_margin [needed 500 available 250]
void Checks::check_refusal(Words& words, const std::string& subject) {
  const std::string code = words.take("a result code");
  const auto* info = std::find_if(std::begin(kResultInfos), std::end(kResultInfos),
                                  [&](const ResultInfo& each) { return each.name == code; });
  if (info == std::end(kResultInfos)) words.fail("unknown word `" + code + "`");
  const auto found = actions_.refusals().find(subject);
  if (found == actions_.refusals().end()) throw Mismatch{"", "nothing was refused"};
  const Outcome outcome = found->second.outcome;
  actions_.refusals().erase(found);
  std::string actual(result_info(outcome.code).name);
  if (outcome.code != info->code) throw Mismatch{"", actual};
  if (!words.accept("needed")) return;
  const Micro needed = words.take_usdc();
  words.expect("available");
  const Micro available = words.take_usdc();
  if (needed.value == outcome.values[0] && available.value == outcome.values[1]) return;
  throw Mismatch{"", actual + " needed " + usdc_text(Micro(outcome.values[0])) + " available " +
                         usdc_text(Micro(outcome.values[1]))};
}

// The whole book, every order of it, as drawn.
void Checks::check_book(Words& words) {
  const MarketId market = actions_.take_market(words);
  const MarketRules& rules = world_.rules(market);
  std::string expected, actual, asks, level;
  for (const BookRow& row : read_book(words.rows(), words.line(), rules)) {
    if (!row.options.words.empty()) throw ScenarioError(row.line, "unknown word at the row's end");
    expected += "\n            " + book_row_text(row, rules);
  }
  Price last;
  for (const DescribedOrder& order : world_.describe().orders) {
    if (order.market != market) continue;
    const std::string row =
        "\n            " +
        book_row_text({0, order.side, order.price, order.lots, world_.agent_name(order.agent), {}},
                      rules);
    if (order.side == Side::buy) {
      actual += row;
      continue;
    }
    if (order.price != last) asks = std::exchange(level, "") + asks;
    last = order.price;
    level += row;
  }
  actual = level + asks + actual;
  if (actual != expected) throw Mismatch{"the book" + expected, actual.empty() ? "empty" : actual};
}

}  // namespace perpetua::scenario
