// Processors: how many threads this process may run at once, and the names threads carry.
//
// Counts what the scheduler lets us use (affinity mask), not what the machine has. Thread-safe.
#pragma once

#include <cstdint>

namespace perpetua::runtime {

uint32_t usable_processors();

// Of the calling thread; as shown by top -H and in a debugger. At most 15 bytes.
void name_this_thread(const char* name);

}  // namespace perpetua::runtime
