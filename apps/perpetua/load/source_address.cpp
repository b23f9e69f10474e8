#include "load/source_address.hpp"

namespace perpetua::load {

namespace {

constexpr uint32_t kLoopbackFirst = 0x7F000001;  // 127.0.0.1
constexpr uint32_t kSourcesMax = 250;

}  // namespace

boost::asio::ip::address source_address(const boost::asio::ip::tcp::endpoint& server,
                                        uint32_t index) {
  if (!server.address().is_v4() || !server.address().is_loopback()) return {};
  const uint32_t offset = index / kConnectionsPerSource % kSourcesMax;
  return boost::asio::ip::address_v4(kLoopbackFirst + offset);
}

boost::system::error_code open_socket(boost::asio::ip::tcp::socket& socket,
                                      const boost::asio::ip::tcp::endpoint& server,
                                      const boost::asio::ip::address& source) {
  boost::system::error_code error;
  socket.open(server.protocol(), error);
  if (error) return error;
  socket.set_option(boost::asio::ip::tcp::no_delay(true), error);
  if (!error && !source.is_unspecified()) {
    // The port is chosen at connect, so that it need only be free towards this server.
    const int on = 1;
    ::setsockopt(socket.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    socket.bind({source, 0}, error);
  }
  return error;
}

}  // namespace perpetua::load
