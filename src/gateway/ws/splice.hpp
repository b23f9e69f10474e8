// append_fields: puts the fields of one JSON object into another that is still open.
//
// `out` holds an object with at least one field and without its closing brace; `render` appends a
// complete, non-empty object to the string it is given. Afterwards `out` is complete. So a message
// shows exactly the fields the HTTP API shows. Pure; thread-safe.
#pragma once

#include <string>

namespace perpetua::gateway::ws {

template <class Render>
void append_fields(std::string& out, Render render) {
  const std::size_t brace = out.size();
  render(out);
  out[brace] = ',';
}

}  // namespace perpetua::gateway::ws
