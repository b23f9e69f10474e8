#include "gateway/http/client_address.hpp"

#include <gtest/gtest.h>

namespace perpetua::gateway {
namespace {

AddressKey key(const char* text) { return address_key(boost::asio::ip::make_address(text)); }

const std::vector<std::string> kProxies = {"10.0.0.0/8", "192.168.1.7", "fd00::/8"};
const AddressKey kPeer = key("10.1.2.3");

TEST(ClientAddress, knows_its_proxies_by_network) {
  const ClientAddress clients(kProxies);
  for (const char* text :
       {"10.0.0.1", "10.255.255.255", "192.168.1.7", "fd12::1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(clients.is_proxy(boost::asio::ip::make_address(text))) << text;
  }
  for (const char* text : {"11.0.0.1", "192.168.1.8", "fe80::1", "::1", "::ffff:11.0.0.1"}) {
    EXPECT_FALSE(clients.is_proxy(boost::asio::ip::make_address(text))) << text;
  }
  EXPECT_FALSE(ClientAddress({}).is_proxy(boost::asio::ip::make_address("10.0.0.1")));
}

TEST(ClientAddress, is_the_last_one_that_is_no_proxy) {
  const ClientAddress clients(kProxies);
  EXPECT_EQ(clients.of(kPeer, "203.0.113.9", {}), key("203.0.113.9"));
  EXPECT_EQ(clients.of(kPeer, "198.51.100.1, 203.0.113.9,10.0.0.5", {}), key("203.0.113.9"))
      << "what stands before it was written by the client";
  EXPECT_EQ(clients.of(kPeer, "10.0.0.6, 10.0.0.5", {}), key("10.0.0.6")) << "from within";
  EXPECT_EQ(clients.of(kPeer, " 2001:db8::5 ", {}), key("2001:db8::"));
  EXPECT_EQ(clients.of(kPeer, "203.0.113.9", "203.0.113.1"), key("203.0.113.9"));
  EXPECT_EQ(clients.of(kPeer, {}, "203.0.113.1"), key("203.0.113.1"));
}

TEST(ClientAddress, of_a_malformed_header_is_the_peer) {
  const ClientAddress clients(kProxies);
  for (const char* text : {"unknown", "203.0.113.9,", ",", "203.0.113.9, x", "1.2.3", "300.1.1.1",
                           "203.0.113.9:80", "203.0.113.9, , 10.0.0.5", "\xff\xfe"}) {
    EXPECT_EQ(clients.of(kPeer, text, "203.0.113.1"), kPeer) << text;
  }
  EXPECT_EQ(clients.of(kPeer, {}, {}), kPeer);
  EXPECT_EQ(clients.of(kPeer, "  ", "nobody"), kPeer);
  EXPECT_EQ(clients.of(kPeer, std::string(8'000, ','), {}), kPeer);
  EXPECT_EQ(clients.of(kPeer, "junk, 203.0.113.9", {}), key("203.0.113.9"))
      << "junk that a client wrote is behind the address that the proxy added";
}

TEST(ClientAddress, networks_are_checked) {
  for (const char* text : {"10.0.0.0/8", "::1", "127.0.0.1", "fd00::/8", "0.0.0.0/0"}) {
    EXPECT_TRUE(is_network(text)) << text;
  }
  for (const char* text : {"", "10.0.0.0/33", "10.0.0", "localhost", "10.0.0.0/", "/8", "::/129"}) {
    EXPECT_FALSE(is_network(text)) << text;
    const std::vector<std::string> bad = {text};
    EXPECT_THROW(ClientAddress{bad}, std::runtime_error) << text;
  }
}

}  // namespace
}  // namespace perpetua::gateway
