#include "gateway/http/router.hpp"

#include <gtest/gtest.h>

#include "gateway/http/call.hpp"

namespace perpetua::gateway {
namespace {

class RouterTest : public testing::Test {
 protected:
  std::string_view route(Method method, std::string_view path) {
    values.clear();
    match = router.match(method, path, values);
    return match.endpoint == nullptr ? std::string_view() : match.endpoint->name;
  }
  Router router{all_endpoints()};
  Router::Match match;
  std::vector<Parameter> values;
};

TEST_F(RouterTest, every_endpoint_is_reached_by_its_own_path) {
  for (const Endpoint& endpoint : all_endpoints()) {
    std::string path(endpoint.path);
    for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{')) {
      path.replace(open, path.find('}') - open + 1, "x1");
    }
    EXPECT_EQ(route(endpoint.method, path), endpoint.name);
    EXPECT_EQ(values.size(), endpoint.path_fields.size()) << endpoint.name;
  }
}

TEST_F(RouterTest, literal_segments_win_over_parameters) {
  EXPECT_EQ(route(Method::get, "/api/v1/orders/history"), "listOrderHistory");
  EXPECT_EQ(route(Method::get, "/api/v1/orders/77"), "getOrder");
  EXPECT_EQ(values.front().value, "77");
  EXPECT_EQ(route(Method::get, "/api/v1/orders/batch"), "") << "the path is that of another method";
  EXPECT_EQ(match.allow, "POST");
}

TEST_F(RouterTest, other_methods_of_a_path_are_listed) {
  EXPECT_EQ(route(Method::put, "/api/v1/orders/77"), "");
  EXPECT_EQ(match.allow, "GET, PATCH, DELETE");
  EXPECT_EQ(route(Method::get, "/api/v1/nothing"), "");
  EXPECT_EQ(match.allow, "");
  for (const char* path : {"", "//", "/api/v1/orders/", "/a/b/c/d/e/f/g/h/i/j", "/api//v1"}) {
    route(Method::delete_, path);
    EXPECT_EQ(match.endpoint, nullptr) << path;
  }
}

TEST_F(RouterTest, parameters_are_decoded) {
  EXPECT_EQ(route(Method::get, "/api/v1/orders/by-client-id/a%2Fb%41"), "getOrderByClientId");
  EXPECT_EQ(values.front().value, "a/bA");
  EXPECT_EQ(route(Method::get, "/api/v1/orders/by-client-id/a%2"), "");
  EXPECT_EQ(route(Method::get, "/api/v1/orders/by-client-id/%00"), "");
}

TEST(Query, names_are_known_and_single) {
  constexpr FieldSpec kSpecs[] = {{"a", FieldType::text, false, ""},
                                  {"b", FieldType::text, false, ""}};
  std::vector<Parameter> out;
  std::string bad;
  ASSERT_TRUE(parse_query("a=1+2%20&&b=", kSpecs, out, bad));
  EXPECT_EQ(out[0].value, "1 2 ");
  EXPECT_EQ(out[1].value, "");
  for (const char* query : {"c=1", "a=1&a=2", "a=%zz", "a=%", "=1"}) {
    out.clear();
    EXPECT_FALSE(parse_query(query, kSpecs, out, bad)) << query;
  }
}

}  // namespace
}  // namespace perpetua::gateway
