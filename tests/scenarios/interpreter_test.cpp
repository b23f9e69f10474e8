// What the interpreter refuses, and how it reports what is not so.

#include "interpreter.hpp"

#include <gtest/gtest.h>

namespace perpetua::scenario {
namespace {

const std::string kBegin =
    "# A title\n"
    "given market BTC index 60000\n"
    "  alice has 1000\n"
    "  book\n"
    "    ask 60010 1 maker\n"
    "    -----\n"
    "    bid 59990 1 maker\n";

// The one failure of a scenario; "" if there is none.
std::string failure_of(const std::string& text) {
  const std::vector<std::string> failures = run_scenario(text, "x.txt");
  EXPECT_LE(failures.size(), 1u);
  return failures.empty() ? "" : failures.front();
}

TEST(Interpreter, accepts_what_holds) {
  EXPECT_EQ(failure_of(kBegin + "when alice buys 0.01 BTC at 60010, 10x\n"
                                "then alice position long 0.01 BTC at 60010.0\n"
                                "     alice bought 0.01 BTC at 60010 ; money identity holds\n"),
            "");
}

TEST(Interpreter, refuses_a_scenario_without_then) {
  EXPECT_EQ(failure_of(kBegin + "when tick\n"),
            "x.txt:8: a scenario without a `then` checks nothing");
  EXPECT_EQ(failure_of(kBegin + "when tick\nthen\n"), "x.txt:9: a section without a statement");
}

TEST(Interpreter, refuses_words_that_it_does_not_know) {
  EXPECT_EQ(failure_of(kBegin + "when alice byes 1 BTC at 60000\nthen mark 60000\n"),
            "x.txt:8: unknown word `byes`");
  EXPECT_EQ(failure_of(kBegin + "when alice buys 0.01 BTC at 60000 quickly\nthen mark 60000\n"),
            "x.txt:8: unknown word `quickly`");
  EXPECT_EQ(failure_of(kBegin + "when tick\nthen alise position none\n"),
            "x.txt:9: unknown word `alise`");
  EXPECT_EQ(failure_of(kBegin + "when tick\nthen alice position margn 5\n"),
            "x.txt:9: unknown word `margn`");
  EXPECT_EQ(failure_of(kBegin + "when tick\nthen alice not soled\n"),
            "x.txt:9: unknown word `soled`");
  EXPECT_EQ(failure_of(kBegin + "when tick\nthen alice sold 1 BTC prise 5\n"),
            "x.txt:9: unknown word `prise`");
  EXPECT_EQ(failure_of(kBegin + "when tick tock\nthen mark 60000\n"),
            "x.txt:8: unknown word `tock`");
}

TEST(Interpreter, refuses_a_book_that_is_drawn_wrong) {
  const std::string begin = "# A title\ngiven market BTC index 60000\n  book\n";
  EXPECT_EQ(failure_of(begin + "    ask 60000 1 maker\n    ask 60010 1 maker\n    ---\n"
                               "then mark 60000\n"),
            "x.txt:5: prices fall from the top of a drawn book to its end");
  EXPECT_EQ(failure_of(begin + "    bid 60000 1 maker\n    ---\nthen mark 60000\n"),
            "x.txt:4: asks are drawn above the line, bids below it");
  EXPECT_EQ(failure_of(begin + "    ask 60000 1 maker\nthen mark 60000\n"),
            "x.txt:3: a book is drawn with its line `-----`");
}

TEST(Interpreter, reports_the_line_what_was_expected_and_what_is_so) {
  EXPECT_EQ(failure_of(kBegin + "when tick\nthen index 60000\n     mark 59000\n"),
            "x.txt:10:\n  expected: mark 59000\n  actual:   market BTC, mode open, prices fresh, "
            "breaker closed, index 60000, mark 60000, maker-fee 0.02%, taker-fee 0.05%");
  EXPECT_EQ(failure_of(kBegin + "when alice buys 0.01 BTC at 60010, 10x\n"
                                "then alice bought 0.02 BTC at 60010\n"),
            "x.txt:9:\n  expected: alice bought 0.02 BTC at 60010\n  actual:   alice bought 0.01 "
            "BTC, at 60010, fee 0.30005, pnl 0, cause order");
  EXPECT_EQ(failure_of(kBegin + "when tick\nthen book\n  -----\n  bid 59990 1 maker\n"),
            "x.txt:9:\n  expected: the book\n            bid 59990 1 maker\n  actual:   \n"
            "            ask 60010 1 maker\n            bid 59990 1 maker");
}

TEST(Interpreter, names_an_event_only_once) {
  EXPECT_NE(failure_of(kBegin + "when alice buys 0.01 BTC at 60010, 10x\n"
                                "then alice bought 0.01 BTC ; alice bought 0.01 BTC\n"),
            "");
  EXPECT_NE(failure_of(kBegin + "when alice buys 0.01 BTC at 60010, 10x\nthen nobody bought\n"),
            "");
}

TEST(Interpreter, wants_every_refusal_to_be_named) {
  const std::string buys = kBegin + "when alice buys 1 BTC at 60000, 10x\n";
  EXPECT_EQ(failure_of(buys + "then alice position none\n"),
            "x.txt:8: alice was refused: insufficient_margin, and no `then` says so");
  EXPECT_EQ(failure_of(buys + "then alice refused insufficient_margin\n"), "");
  EXPECT_EQ(failure_of(buys + "then alice refused no_position\n"),
            "x.txt:9:\n  expected: alice refused no_position\n  actual:   insufficient_margin");
  EXPECT_EQ(failure_of("# A title\ngiven market BTC index 60000\n  alice has 10\n"
                       "  alice long 1 BTC at 60000\nthen mark 60000\n"),
            "x.txt:4: this position is refused: insufficient_margin, not enough collateral for "
            "the margin and fee of this order");
}

}  // namespace
}  // namespace perpetua::scenario
