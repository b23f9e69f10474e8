// One field table of several: fields that objects have in common are written once.
#pragma once

#include <algorithm>
#include <array>

#include "gateway/codec/field_spec.hpp"

namespace perpetua::gateway::native {

template <std::size_t... N>
constexpr auto join(const FieldSpec (&... parts)[N]) {
  std::array<FieldSpec, (N + ...)> all;
  auto end = all.begin();
  ((end = std::copy(std::begin(parts), std::end(parts), end)), ...);
  return all;
}

}  // namespace perpetua::gateway::native
