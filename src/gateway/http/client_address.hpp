// ClientAddress: by whose address a request is counted, behind proxies that we trust.
//
// Of a peer in one of the networks, X-Forwarded-For names the client: its last address that is no
// trusted proxy itself; what stands before that was written by anybody. Without that header
// X-Real-IP does. A header that is not made of addresses is not believed at all: the peer counts.
// Everybody else counts by the address of the connection, whatever headers it sends.
// Thread-safety: immutable.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/beast/http/fields.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/limits/rate_limiter.hpp"

namespace perpetua::gateway {

// What budgets of an address are counted by: IPv4 whole, IPv6 its first 64 bits.
AddressKey address_key(const boost::asio::ip::address& address);

// "10.0.0.0/8", "fd00::/8", or one address.
bool is_network(std::string_view text);

class ClientAddress {
 public:
  // Throws std::runtime_error naming the first that is no network.
  explicit ClientAddress(std::span<const std::string> trusted_proxies);

  bool is_proxy(boost::asio::ip::address peer) const;

  // Of a request that came from a proxy. `forwarded_for`: all headers of that name, in their order,
  // joined by commas. The second one finds both in the request's headers.
  AddressKey of(AddressKey peer, std::string_view forwarded_for, std::string_view real_ip) const;
  AddressKey of(AddressKey peer, const boost::beast::http::fields& headers) const;

 private:
  std::vector<boost::asio::ip::network_v4> networks_v4_;
  std::vector<boost::asio::ip::network_v6> networks_v6_;
};

}  // namespace perpetua::gateway
