#include "scenario_text.hpp"

#include <algorithm>

namespace perpetua::scenario {
namespace {

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == ',' || c == '\r') {
      finish();
    } else if (c == '|') {
      finish();
      words.emplace_back("|");
    } else {
      word += c;
    }
  }
  finish();
  return words;
}

bool opens_section(std::string_view word, SectionKind& kind) {
  if (word == "given") {
    kind = SectionKind::given;
  } else if (word == "when") {
    kind = SectionKind::when;
  } else if (word == "then") {
    kind = SectionKind::then;
  } else {
    return false;
  }
  return true;
}

bool is_book_row(const Statement& statement) {
  const std::string& first = statement.words.front();
  return first == "ask" || first == "bid" || first.starts_with("---");
}

class Parser {
 public:
  ScenarioText parse(std::string_view text) {
    int number = 0;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      read_line(text.substr(0, end), ++number);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    finish(number);
    return std::move(scenario_);
  }

 private:
  void read_line(std::string_view line, int number) {
    if (number == 1) {
      if (!line.starts_with("# ")) throw ScenarioError(1, "the first line is `# ` and a title");
      scenario_.title = line.substr(2);
    }
    line = line.substr(0, line.find('#'));
    while (!line.empty()) {
      const std::size_t end = std::min(line.find(';'), line.size());
      read_statement({number, split_words(line.substr(0, end)), {}});
      line.remove_prefix(std::min(end + 1, line.size()));
    }
  }

  void read_statement(Statement statement) {
    if (statement.words.empty()) return;
    SectionKind kind{};
    if (opens_section(statement.words.front(), kind)) {
      open(kind, statement.line);
      statement.words.erase(statement.words.begin());
      if (statement.words.empty()) return;
    }
    if (scenario_.sections.empty()) {
      throw ScenarioError(statement.line, "`" + statement.words.front() + "` before any `given`");
    }
    std::vector<Statement>& statements = scenario_.sections.back().statements;
    if (!is_book_row(statement)) {
      statements.push_back(std::move(statement));
      return;
    }
    if (statements.empty() || statements.back().words.front() != "book") {
      throw ScenarioError(statement.line, "a row of a book without `book` above it");
    }
    statements.back().rows.push_back(std::move(statement));
  }

  void open(SectionKind kind, int line) {
    const bool is_first = scenario_.sections.empty();
    if (is_first != (kind == SectionKind::given)) {
      throw ScenarioError(line, "one `given`, at the beginning; then `when` and `then`");
    }
    if (!is_first) require_content();
    scenario_.sections.push_back({kind, line, {}});
  }

  void require_content() const {
    if (scenario_.sections.back().statements.empty()) {
      throw ScenarioError(scenario_.sections.back().line, "a section without a statement");
    }
  }

  void finish(int last_line) const {
    if (scenario_.sections.empty()) throw ScenarioError(last_line, "an empty scenario");
    require_content();
    const auto is_then = [](const Section& section) { return section.kind == SectionKind::then; };
    if (std::none_of(scenario_.sections.begin(), scenario_.sections.end(), is_then)) {
      throw ScenarioError(last_line, "a scenario without a `then` checks nothing");
    }
  }

  ScenarioText scenario_;
};

}  // namespace

ScenarioText parse_scenario(std::string_view text) { return Parser().parse(text); }

std::string join_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace perpetua::scenario
