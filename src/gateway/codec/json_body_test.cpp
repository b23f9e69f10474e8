#include "gateway/codec/json_body.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/codec/fields.hpp"

namespace perpetua::gateway {
namespace {

struct JsonBodyTest : testing::Test {
  JsonBody json;
};

TEST_F(JsonBodyTest, what_is_not_one_plain_json_object_is_refused) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  for (const std::string& text :
       std::vector<std::string>{"{",
                                "[]",
                                "1",
                                "null",
                                "{}x",
                                "{} {}",
                                "{'a':1}",
                                "{\"a\":NaN}",
                                "{\"a\":Infinity}",
                                "{\"a\":01}",
                                "{\"a\":1e}",
                                "{\"a\":\"\xff\"}",
                                "{\"a\":\"\xed\xa0\x80\"}",
                                "{\"a\":\"\\ud800\"}",
                                "{\"a\":1,}",
                                "/**/{}",
                                "{\"a\":1,\"a\":1}",
                                "{\"a\":[{\"b\":1,\"b\":2}]}",
                                "{\"a\":" + deep + "}",
                                "{\"a\":\"\n\"}",
                                std::string("{\"a\":\"\0\"}", 9),
                                "{\"" + std::string(200, 'k') + "\":1}"}) {
    ApiError failure;
    EXPECT_EQ(json.parse(text, failure), nullptr) << text;
    EXPECT_EQ(failure.code, ResultCode::malformed_json) << text;
  }
  ApiError none;
  EXPECT_NE(json.parse("", none), nullptr) << "no body is an empty object";
  EXPECT_NE(json.parse(" {\"a\":[[[1]]]} ", none), nullptr);
  EXPECT_FALSE(none.is_error());
}

TEST_F(JsonBodyTest, a_body_parser_is_as_good_as_new_after_an_error) {
  for (int i = 0; i < 100; ++i) {
    ApiError failure;
    EXPECT_EQ(json.parse(R"({"a":"long enough to be on no small buffer","b":[1,2,{"c":)", failure),
              nullptr);
    ApiError none;
    const boost::json::object* body = json.parse(R"({"a":"x","b":[1,2]})", none);
    ASSERT_NE(body, nullptr);
    EXPECT_EQ(*text_field(*body, "a"), "x");
  }
}

// The blocks of a reused arena double with each body in Boost 1.81: 32 GiB at the 23rd.
TEST_F(JsonBodyTest, a_body_parser_is_as_good_as_new_after_many_large_bodies) {
  std::string text = "{\"orders\":[";
  for (int i = 0; i < 200; ++i) text += "{\"market\":\"BTC-PERP\"},";
  text.back() = ']';
  text += "}";
  ApiError error;
  for (int i = 0; i < 100; ++i) ASSERT_NE(json.parse(text, error), nullptr) << i;
}

}  // namespace
}  // namespace perpetua::gateway
