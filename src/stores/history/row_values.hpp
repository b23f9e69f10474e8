// Values of rows as the databases hold them: integers of 64 bits with a sign.
#pragma once

#include "stores/history/history_source.hpp"

namespace perpetua::stores {

inline int64_t signed_of(uint64_t value) { return static_cast<int64_t>(value); }

template <class Enum>
int64_t number(Enum value) {
  return static_cast<int64_t>(value);
}

inline uint64_t next_id(ValueSource& source) { return static_cast<uint64_t>(source.next_int()); }

}  // namespace perpetua::stores
