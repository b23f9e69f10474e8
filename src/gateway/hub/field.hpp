// Field: one field of a request of the root API (the hub's contract), and what was read of it.
//
// Requests are read leniently: unknown fields are ignored, numbers may come as strings, text of a
// choice in any case. The same rows drive reading, validation and docs/hub-api.md. Rows are
// constexpr tables; strings are literals.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace boost::json {
class value;
}

namespace perpetua::gateway {

struct Call;

namespace hub {

enum class FieldKind : uint8_t {
  text,     // minimum..maximum characters; number: unused
  name,     // the same, trimmed
  number,   // decimal, scaled by 10^digits, rounded half-even before the range check
  integer,  // whole: 5, "5", 5.0
  boolean,
  choice,  // one of `choices`, any case; number: its index
  words,   // list of texts; maximum: entries
  object,  // any JSON object
};

struct Field {
  std::string_view name;
  FieldKind kind = FieldKind::text;
  bool is_required = false;
  std::string_view description;
  int64_t minimum = 0;  // numbers: scaled
  int64_t maximum = 0;  // 0: none
  unsigned digits = 0;
  bool is_above_minimum = false;  // the minimum itself is refused
  std::string_view choices = {};  // "long|short"
};
using Fields = std::span<const Field>;

// One field as it came. Absent and null are the same. `text` and `json` live as long as the
// request.
struct Value {
  const Field* field = nullptr;
  bool is_present = false;
  int64_t number = 0;  // scaled number, integer, boolean 0/1, index of the choice
  std::string_view text;
  const boost::json::value* json = nullptr;  // words, object
};

// Rules: what the order of checks (docs/hub-api.md) needs to know of an endpoint of the root API.
struct Rules {
  Fields fields = {};  // of the body of a mutation, of the query of a read
  // Field of body or path that must name the caller; empty: none. Absent in a body: the 422 of the
  // field comes later.
  std::string_view owner = {};
  std::string_view forbidden = {};  // detail of the 403 for another owner
  // Finds the resource named in the path: false with 404, or 403 if it is another agent's.
  bool (*locate)(Call& call) = nullptr;
  bool wants_credentials = false;  // open to all, but who presents credentials is told if bad
  std::string_view reply = {};     // docs: the fields of the reply
  std::string_view refusals = {};  // docs: its own refusals, beside those of every endpoint
};

// "12.5" with digits 1 -> 125; see number.hpp for the constants of money.
inline constexpr unsigned kCentDigits = 2;

}  // namespace hub
}  // namespace perpetua::gateway
