#include "drawn_book.hpp"

#include "base/decimal.hpp"

namespace perpetua::scenario {
namespace {

BookRow read_row(const Statement& statement, const MarketSpec& spec) {
  Words words(statement);
  BookRow row;
  row.line = statement.line;
  row.side = words.accept("ask") ? Side::sell : Side::buy;
  if (row.side == Side::buy) words.expect("bid");
  row.price = words.take_price(spec);
  row.lots = words.take_lots(spec);
  row.owner = words.take("an owner");
  row.options.line = statement.line;
  while (!words.is_at_end()) row.options.words.push_back(words.take("an option"));
  return row;
}

}  // namespace

std::vector<BookRow> read_book(const std::vector<Statement>& rows, int line,
                               const MarketSpec& spec) {
  std::vector<BookRow> book;
  bool is_below_the_line = false;
  for (const Statement& statement : rows) {
    if (statement.words.front().starts_with("---")) {
      if (is_below_the_line) throw ScenarioError(statement.line, "a second line in the book");
      is_below_the_line = true;
      continue;
    }
    const BookRow row = read_row(statement, spec);
    if ((row.side == Side::buy) != is_below_the_line) {
      throw ScenarioError(row.line, "asks are drawn above the line, bids below it");
    }
    if (!book.empty() && row.price > book.back().price) {
      throw ScenarioError(row.line, "prices fall from the top of a drawn book to its end");
    }
    book.push_back(row);
  }
  if (!is_below_the_line) throw ScenarioError(line, "a book is drawn with its line `-----`");
  return book;
}

std::string book_row_text(const BookRow& row, const MarketSpec& spec) {
  return std::string(row.side == Side::sell ? "ask " : "bid ") +
         grid_text(row.price.value, spec.tick_size_e9) + " " +
         grid_text(row.lots.value, spec.lot_size_e9) + " " + row.owner;
}

}  // namespace perpetua::scenario
