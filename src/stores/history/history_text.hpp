// Text of agents as every database can hold it.
#pragma once

#include <string>
#include <string_view>

namespace perpetua::stores {

// The text with U+FFFD in place of NUL and of every byte that is not part of valid UTF-8. The
// embedded history keeps the bytes; PostgreSQL and checksums have this.
std::string storable_text(std::string_view text);

}  // namespace perpetua::stores
