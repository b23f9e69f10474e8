// Reading single fields out of the exchange's messages without parsing them.
//
// The exchange writes JSON without spaces and escapes quotes in text, so `"name":` occurs only
// where a field of that name begins. A generator that reads ten thousand streams beside the
// exchange it measures can afford to look at a few fields, not to build a tree of each message.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace perpetua::load {

// `field` is the name with quotes and colon: "\"seq\":". The value of the first such field: a text
// without its quotes, anything else as it stands. Empty if there is none, or it is null.
std::string_view scan_field(std::string_view json, std::string_view field);

// A whole number, with or without quotes around it.
std::optional<uint64_t> scan_number(std::string_view json, std::string_view field);

}  // namespace perpetua::load
