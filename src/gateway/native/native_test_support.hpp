// For tests of the native API: an exchange behind a socket, a client, and short ways to ask.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "gateway/http/endpoint.hpp"
#include "gateway/server_test_support.hpp"

namespace perpetua::gateway::test {

namespace json = boost::json;

class Native : public testing::Test {
 protected:
  explicit Native(const ServerOptions& options = test_options()) : exchange(options) {}

  HttpReply get(std::string_view path) { return client.send("GET", "/api/v1" + std::string(path)); }
  HttpReply post(std::string_view path, std::string_view body, const Headers& headers = {}) {
    return client.send("POST", "/api/v1" + std::string(path), body, headers);
  }
  HttpReply call(std::string_view method, std::string_view path, std::string_view body = {}) {
    return client.send(method, "/api/v1" + std::string(path), body);
  }
  // A second agent whose sell order rests in the book.
  void add_maker(std::string_view size = "1", std::string_view price = "60010") {
    const std::string own = std::exchange(client.key, {});
    register_agent(client, "maker", "1000000");
    EXPECT_EQ(post("/orders", R"({"market":"BTC-PERP","side":"sell","size":")" + std::string(size) +
                                  R"(","price":")" + std::string(price) + "\"}")
                  .status,
              200);
    client.key = own;
  }
  json::array items(std::string_view path) {
    const HttpReply reply = get(path);
    EXPECT_EQ(reply.status, 200) << path << reply.body;
    return reply.object()["items"].as_array();
  }
  // The reply holds the fields of the schema and no others, null only where allowed.
  static void expect_schema(const json::value& value, std::string_view name) {
    const ResponseSchema* schema = find_schema(name);
    ASSERT_NE(schema, nullptr) << name;
    const json::object& object = value.as_object();
    EXPECT_EQ(object.size(), schema->fields.size()) << name << " " << value;
    for (const FieldSpec& field : schema->fields) {
      const json::value* member = object.if_contains({field.name.data(), field.name.size()});
      ASSERT_NE(member, nullptr) << name << "." << field.name << " " << value;
      EXPECT_FALSE(field.required && member->is_null()) << name << "." << field.name;
    }
  }

  TestExchange exchange;
  HttpClient client{exchange.port()};
};

}  // namespace perpetua::gateway::test
