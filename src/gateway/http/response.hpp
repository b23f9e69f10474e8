// The bytes of a reply: status line, headers, body. Appended to one string, so pipelined replies
// share a write. Thread-safety: append_response keeps a date per thread, else pure.
#pragma once

#include <string>

#include "gateway/http/call.hpp"

namespace perpetua::gateway {

std::string_view status_text(int status);

// Renders call.error into call.reply if there is one.
void finish_reply(Call& call);

void append_response(std::string& out, const Call& call, bool keep_alive, bool is_head);

}  // namespace perpetua::gateway
