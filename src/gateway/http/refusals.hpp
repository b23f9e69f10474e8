// Replies to requests that no endpoint answers: those that cannot be read, and those whose handler
// threw. On the root API in the form of the former hub, else in the native one.
//
// Included by sources only (Beast). Thread-safety: pure functions of their arguments.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/system/error_code.hpp>

#include "gateway/http/call.hpp"

namespace perpetua::gateway {

// Sets call.error for a request that the parser gave up with `code`: `payload_too_large` (413, 431
// for its header), else `invalid_request`. `head`: as far as it was read, its target may be empty.
void refuse_unreadable(Call& call, const boost::beast::http::request_header<>& head,
                       boost::system::error_code code);

// Writes the whole reply, 500 `internal_error`, whatever the handler had written so far.
void fail_internally(Call& call);

}  // namespace perpetua::gateway
