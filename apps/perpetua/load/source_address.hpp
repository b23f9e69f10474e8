// Source addresses: where connections come from.
//
// Ten thousand connections from one address would use a third of its ports and look like one
// machine to the exchange, whose limits per address would rightly refuse them. Towards an IPv4
// loopback target, each kConnectionsPerSource connections get the next 127.0.0.x. Thread-safe.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>

namespace perpetua::load {

inline constexpr uint32_t kConnectionsPerSource = 500;

// Source of connection `index`; unspecified unless the server is an IPv4 loopback address.
boost::asio::ip::address source_address(const boost::asio::ip::tcp::endpoint& server,
                                        uint32_t index);

// Opens a socket for a connection to `server` from `source`, without delay for small packets.
boost::system::error_code open_socket(boost::asio::ip::tcp::socket& socket,
                                      const boost::asio::ip::tcp::endpoint& server,
                                      const boost::asio::ip::address& source);

}  // namespace perpetua::load
