// Assertions that stay on in release builds.
//
// PERPETUA_ASSERT(condition) states something that could be false. When it is, the process names
// the condition and its place on stderr and aborts: a batch that broke an invariant never leaves.
// Thread-safe. Expected outcomes (bad input, full queue) are result codes, never assertions.
#pragma once

namespace perpetua {

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace perpetua

#define PERPETUA_ASSERT(condition)                   \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::perpetua::assertion_failed(#condition, __FILE__, __LINE__))
