// execute(): the client's calls for coroutines. Included by sources only (Asio).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "stores/redis/client.hpp"

namespace perpetua::redis {

// One reply per command; a refused call is replies of Failure::overloaded or ::stopped. Resumes on
// the caller's executor, whose io_context must outlive the client or the call. The call goes on if
// the coroutine is destroyed; its end is then dropped.
// `options` is a named object, no temporary: GCC 12 destroys one twice in a co_await.
boost::asio::awaitable<std::vector<Reply>> execute(Client& client, Request request);
boost::asio::awaitable<std::vector<Reply>> execute(Client& client, Request request,
                                                   const CallOptions& options);

}  // namespace perpetua::redis
