#include "runtime/processors.hpp"

#include <pthread.h>
#include <sched.h>

namespace perpetua::runtime {

uint32_t usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int count = CPU_COUNT(&set);
  return count < 1 ? 1 : static_cast<uint32_t>(count);
}

void name_this_thread(const char* name) { pthread_setname_np(pthread_self(), name); }

}  // namespace perpetua::runtime
