// A drawn order book, as text and as orders. Prices fall from row to row; the line stands between
// asks and bids; within a price the upper row is ahead in the queue.
//
//   book [BTC]
//     ask 60100  0.5  maker
//     ask 60050  0.2  maker
//     ---------------------
//     bid 59990  1.0  bob  reduce-only
//
// Thread-safety: pure functions. Errors: ScenarioError with the row's line.
#pragma once

#include <vector>

#include "words.hpp"

namespace perpetua::scenario {

struct BookRow {
  int line = 0;
  Side side = Side::buy;
  Price price;
  Lots lots;
  std::string owner;
  Statement options;  // the words after the owner
};

// The rows as drawn, from the top.
std::vector<BookRow> read_book(const std::vector<Statement>& rows, int line,
                               const MarketSpec& spec);

// One row as it would be written.
std::string book_row_text(const BookRow& row, const MarketSpec& spec);

}  // namespace perpetua::scenario
