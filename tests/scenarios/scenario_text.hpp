// The text of a scenario, taken apart: sections, statements, words, rows of a drawn book. Knows no
// vocabulary; the language is in tests/scenarios/README.md.
//
//   # Title                         first line, required
//   given | when | then             opens a section; statements follow, on the line or below
//   one statement ; another one     `,` between words is decoration, `#` opens a comment
//   book                            its rows are the lines below that begin with ask, bid or ---
//
// Thread-safety: pure functions. Errors: ScenarioError with the line.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace perpetua::scenario {

// The scenario itself is wrong (not the exchange).
class ScenarioError : public std::runtime_error {
 public:
  ScenarioError(int line, const std::string& what) : std::runtime_error(what), line_(line) {}
  int line() const { return line_; }

 private:
  int line_ = 0;
};

struct Statement {
  int line = 0;
  std::vector<std::string> words;
  std::vector<Statement> rows;  // of a drawn book
};

enum class SectionKind : uint8_t { given, when, then };

struct Section {
  SectionKind kind = SectionKind::given;
  int line = 0;
  std::vector<Statement> statements;
};

struct ScenarioText {
  std::string title;
  std::vector<Section> sections;  // given first, at least one then, none empty
};

ScenarioText parse_scenario(std::string_view text);

std::string join_words(const std::vector<std::string>& words);

}  // namespace perpetua::scenario
