#include "load/http_connection.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <string_view>

namespace perpetua::load {
namespace {

using boost::asio::ip::tcp;

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kResponse = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Answers one request a connection as if it kept it, then closes it.
void answer_and_close(tcp::acceptor& acceptor) {
  tcp::socket socket = acceptor.accept();
  boost::asio::streambuf request;
  boost::asio::read_until(socket, request, "\r\n\r\n");
  boost::asio::write(socket, boost::asio::buffer(kResponse));
}

TEST(HttpConnectionTest, one_that_the_server_closed_while_it_was_idle_is_opened_anew) {
  boost::asio::io_context io;
  tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
  HttpConnection connection(io, acceptor.local_endpoint(), {});
  for (int i = 0; i < 3; ++i) {
    auto closed = std::async(std::launch::async, [&] { answer_and_close(acceptor); });
    HttpResponse got;
    connection.request(std::string(kRequest), [&](HttpResponse response) { got = response; });
    io.restart();
    io.run();
    if (!got.is_complete) ::shutdown(acceptor.native_handle(), SHUT_RDWR);  // who waits there ends
    ASSERT_NO_THROW(closed.get()) << i;
    EXPECT_TRUE(got.is_complete) << i;
    EXPECT_EQ(got.body, "ok");
  }
}

}  // namespace
}  // namespace perpetua::load
