// upgrade: the way from HTTP into /ws.
//
// The HTTP session that read `GET /ws` with an upgrade checks is_upgrade(), takes its socket out of
// its own hands and calls serve(); it is then done with the connection. The handshake is answered
// here, a malformed one with an HTTP error. An API key in X-API-Key or Authorization authenticates
// the socket; a bad one leaves it unauthenticated and says so in the first error message.
// `slot` is held as long as the connection lives: whoever counts connections per address and in all
// puts the count's release into its deleter.
// Thread-safety: the context's io thread. REQUIRES: context.hub, nothing pending on the socket.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <memory>

namespace perpetua::gateway {
struct GatewayContext;
}

namespace perpetua::gateway::ws {

using RequestHeader = boost::beast::http::request_header<>;

bool is_upgrade(const RequestHeader& header);

void serve(GatewayContext& context, boost::asio::ip::tcp::socket socket,
           const RequestHeader& header, std::shared_ptr<void> slot);

}  // namespace perpetua::gateway::ws
