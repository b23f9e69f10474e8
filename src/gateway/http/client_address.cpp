#include "gateway/http/client_address.hpp"

#include <optional>
#include <stdexcept>

namespace perpetua::gateway {
namespace {

namespace ip = boost::asio::ip;

constexpr std::string_view kBlanks = " \t";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::optional<ip::address> parse_address(std::string_view text) {
  boost::system::error_code code;
  const ip::address address = ip::make_address(trimmed(text), code);
  if (code) return std::nullopt;
  return address;
}

// An IPv4 address in the clothes of IPv6 is the IPv4 address.
ip::address plain(const ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

std::string with_length(std::string_view text, std::string_view whole) {
  std::string out(text);
  if (out.find('/') == std::string::npos) out += whole;
  return out;
}

std::optional<ip::network_v4> parse_v4(std::string_view text) {
  boost::system::error_code code;
  const ip::network_v4 network = ip::make_network_v4(with_length(text, "/32"), code);
  if (code) return std::nullopt;
  return network.canonical();
}

std::optional<ip::network_v6> parse_v6(std::string_view text) {
  boost::system::error_code code;
  const ip::network_v6 network = ip::make_network_v6(with_length(text, "/128"), code);
  if (code) return std::nullopt;
  return network.canonical();
}

template <class Network, class Address>
bool holds(const Network& network, const Address& address) {
  return Network(address, network.prefix_length()).canonical() == network;
}

}  // namespace

AddressKey address_key(const ip::address& given) {
  const ip::address address = plain(given);
  if (address.is_v4()) return address.to_v4().to_uint();
  AddressKey key = 0;
  for (std::size_t i = 0; i < 8; ++i) key = key << 8 | address.to_v6().to_bytes()[i];
  return key;
}

bool is_network(std::string_view text) {
  return parse_v4(text).has_value() || parse_v6(text).has_value();
}

ClientAddress::ClientAddress(std::span<const std::string> trusted_proxies) {
  for (const std::string& text : trusted_proxies) {
    if (const auto v4 = parse_v4(text)) {
      networks_v4_.push_back(*v4);
    } else if (const auto v6 = parse_v6(text)) {
      networks_v6_.push_back(*v6);
    } else {
      throw std::runtime_error("not a network of trusted proxies: " + text);
    }
  }
}

bool ClientAddress::is_proxy(ip::address peer) const {
  peer = plain(peer);
  if (peer.is_v4()) {
    for (const auto& network : networks_v4_) {
      if (holds(network, peer.to_v4())) return true;
    }
    return false;
  }
  for (const auto& network : networks_v6_) {
    if (holds(network, peer.to_v6())) return true;
  }
  return false;
}

AddressKey ClientAddress::of(AddressKey peer, std::string_view forwarded_for,
                             std::string_view real_ip) const {
  if (trimmed(forwarded_for).empty()) {
    const auto address = parse_address(real_ip);
    return address ? address_key(*address) : peer;
  }
  for (;;) {
    const std::size_t comma = forwarded_for.find_last_of(',');
    const bool is_first = comma == std::string_view::npos;
    const auto address = parse_address(is_first ? forwarded_for : forwarded_for.substr(comma + 1));
    if (!address) return peer;
    if (is_first || !is_proxy(*address)) return address_key(*address);
    forwarded_for = forwarded_for.substr(0, comma);
  }
}

AddressKey ClientAddress::of(AddressKey peer, const boost::beast::http::fields& headers) const {
  std::string forwarded_for;
  const auto [first, last] = headers.equal_range("X-Forwarded-For");
  for (auto header = first; header != last; ++header) {
    if (header != first) forwarded_for += ',';
    forwarded_for += header->value();
  }
  return of(peer, forwarded_for, headers["X-Real-IP"]);
}

}  // namespace perpetua::gateway
