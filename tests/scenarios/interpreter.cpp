#include "interpreter.hpp"

#include "checks.hpp"
#include "setup.hpp"

namespace perpetua::scenario {
namespace {

class Run {
 public:
  Run(std::string file, std::vector<std::string>& failures)
      : file_(std::move(file)), failures_(failures) {}

  void run(const ScenarioText& scenario) {
    for (const Section& section : scenario.sections) run(section);
    require_no_refusal();
  }

 private:
  void run(const Section& section) {
    if (section.kind == SectionKind::when) {
      require_no_refusal();
      world_.forget_events();
      checks_.begin_step();
    }
    for (const Statement& statement : section.statements) {
      const bool is_then = section.kind == SectionKind::then;
      if (!statement.rows.empty() != (statement.words.front() == "book")) {
        throw ScenarioError(statement.line, "`book` goes with rows, and nothing else does");
      }
      if (is_then) {
        check(statement);
      } else {
        execute(statement, section.kind);
      }
    }
  }

  void execute(const Statement& statement, SectionKind kind) {
    try {
      kind == SectionKind::given ? setup_.run(statement) : actions_.run(statement);
    } catch (const std::logic_error& error) {
      throw ScenarioError(statement.line, error.what());
    }
  }

  void check(const Statement& statement) {
    try {
      checks_.run(statement);
    } catch (const Mismatch& mismatch) {
      failures_.push_back(file_ + ":" + std::to_string(statement.line) + ":\n  expected: " +
                          mismatch.expected + "\n  actual:   " + mismatch.actual);
    }
  }

  void require_no_refusal() {
    for (const auto& [subject, refusal] : actions_.refusals()) {
      throw ScenarioError(refusal.line, subject + " was refused: " +
                                            std::string(result_info(refusal.outcome.code).name) +
                                            ", and no `then` says so");
    }
  }

  std::string file_;
  std::vector<std::string>& failures_;
  World world_;
  Actions actions_{world_};
  Setup setup_{world_, actions_};
  Checks checks_{world_, actions_};
};

}  // namespace

std::vector<std::string> run_scenario(std::string_view text, const std::string& file) {
  std::vector<std::string> failures;
  try {
    Run(file, failures).run(parse_scenario(text));
  } catch (const ScenarioError& error) {
    failures.push_back(file + ":" + std::to_string(error.line()) + ": " + error.what());
  }
  return failures;
}

}  // namespace perpetua::scenario
