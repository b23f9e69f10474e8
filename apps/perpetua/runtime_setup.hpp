// The settings of the engine as runtime and follower take them.
#pragma once

#include <string>

#include "runtime/runtime.hpp"
#include "settings.hpp"

namespace perpetua::app {

runtime::WaitKind wait_kind(const std::string& name);

// With the genesis commands; without a journal. Throws std::runtime_error.
runtime::RuntimeOptions runtime_options(const Settings& settings);

}  // namespace perpetua::app
