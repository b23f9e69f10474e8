#include "gateway/codec/parse.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "base/decimal.hpp"
#include "gateway/codec/codec_test_support.hpp"
#include "gateway/codec/fields.hpp"
#include "gateway/codec/json_body.hpp"
#include "gateway/codec/request_fields.hpp"
#include "gateway/options.hpp"

namespace perpetua::gateway {
namespace {

using ParseOne = std::function<bool(const object&, runtime::Submission&, ApiError&)>;

class ParseTest : public testing::Test {
 protected:
  // Checks and parses like a session does.
  bool parse(std::string_view text, FieldSpecs specs, const ParseOne& parse_one) {
    submission = runtime::Submission();
    error = ApiError();
    const object* body = json.parse(text, error);
    return body != nullptr && check_fields(*body, specs, error) &&
           parse_one(*body, submission, error);
  }
  bool place(std::string_view text) {
    return parse(text, kPlaceFields,
                 [&](const object& o, auto& s, auto& e) { return parse_place(o, context, s, e); });
  }
  bool intent(std::string_view text) {
    return parse(text, kIntentFields,
                 [&](const object& o, auto& s, auto& e) { return parse_intent(o, context, s, e); });
  }
  bool amend(std::string_view text) {
    return parse(text, kAmendNamedFields, [&](const object& o, auto& s, auto& e) {
      OrderName name;
      return parse_order_name(o, context, name, e) && parse_amend(o, context, name, s, e);
    });
  }
  bool cancel(std::string_view text) {
    return parse(text, kCancelNamedFields, [&](const object& o, auto& s, auto& e) {
      OrderName name;
      return parse_order_name(o, context, name, e) && parse_cancel(o, context, name, s, e);
    });
  }

  test::TestMarkets markets;
  ParseContext context{markets, 42};
  JsonBody json;
  runtime::Submission submission;
  ApiError error;
};

struct Refusal {
  std::string body;
  ResultCode code;
  std::string field;
};

TEST_F(ParseTest, a_limit_order_becomes_a_command) {
  ASSERT_TRUE(place(R"({"market":"BTC-PERP","side":"sell","size":"0.25","price":"65000.5",
      "leverage":5,"post_only":"slide","reduce_only":true,"client_id":"abc-1",
      "self_trade_prevention":"cancel_both","valid_until":1700000000000})"))
      << error.message;
  const Command& command = submission.command;
  EXPECT_EQ(command.header.type, CommandType::place_order);
  EXPECT_EQ(command.header.agent, 42u);
  EXPECT_EQ(command.header.market, 0);
  EXPECT_EQ(command.header.valid_until_ms, 1'700'000'000'000);
  EXPECT_EQ(command.place.price, Price(130'001));
  EXPECT_EQ(command.place.lots, Lots(250));
  EXPECT_EQ(command.place.budget, Micro(0));
  EXPECT_EQ(command.place.side, Side::sell);
  EXPECT_EQ(command.place.kind, OrderKind::limit);
  EXPECT_EQ(command.place.time_in_force, TimeInForce::gtc);
  EXPECT_EQ(command.place.post_only, PostOnly::slide);
  EXPECT_EQ(command.place.stp, SelfTradePrevention::cancel_both);
  EXPECT_EQ(command.place.leverage, 5);
  EXPECT_EQ(command.place.flags, kReduceOnly);
  EXPECT_EQ(client_id_view(command.place.client_id), "abc-1");
}

TEST_F(ParseTest, defaults_follow_the_kind_of_order) {
  ASSERT_TRUE(place(R"({"market":"BTC-PERP","side":"buy","kind":"market","size_usdc":"100",
      "max_slippage":"0.005"})"))
      << error.message;
  EXPECT_EQ(submission.command.place.time_in_force, TimeInForce::ioc);
  EXPECT_EQ(submission.command.place.budget, Micro(100'000'000));
  EXPECT_EQ(submission.command.place.slippage_ppm, 5'000u);
  ASSERT_TRUE(place(R"({"market":"BTC-PERP","side":"buy","size":"1","price":"1","expires_at":5})"));
  EXPECT_EQ(submission.command.place.time_in_force, TimeInForce::gtd);
  EXPECT_EQ(submission.command.place.expires_at_ms, 5);
  EXPECT_EQ(submission.command.place.stp, SelfTradePrevention::cancel_newest);
  ASSERT_TRUE(place(R"({"market":"BTC-PERP","side":"buy","size":"1","price":"1","leverage":null})"))
      << "null counts as absent";
}

TEST_F(ParseTest, every_wrong_field_of_an_order_is_named) {
  const std::string head = R"({"market":"BTC-PERP","side":"buy",)";
  const std::string limit = head + R"("size":"1","price":"100",)";
  const std::string market = head + R"("kind":"market","size":"1",)";
  constexpr ResultCode wrong = ResultCode::invalid_field;
  for (const Refusal& row : std::vector<Refusal>{
           {"{}", ResultCode::missing_field, "market"},
           {R"({"market":"BTC-PERP"})", ResultCode::missing_field, "side"},
           {R"({"market":"DOGE-PERP","side":"buy"})", ResultCode::market_not_found, "market"},
           {R"({"market":1,"side":"buy"})", wrong, "market"},
           {R"({"market":"BTC-PERP","side":"BUY"})", wrong, "side"},
           {limit + R"("sise":"1"})", wrong, "sise"},
           {head + R"("size":1,"price":"100"})", wrong, "size"},
           {head + R"("size":"1","price":100})", wrong, "price"},
           {head + R"("size":"1","price":100.5})", wrong, "price"},
           {head + R"("size":"1e3","price":"100"})", wrong, "size"},
           {head + R"("size":"0.0005","price":"100"})", wrong, "size"},
           {head + R"("size":"1","price":"100.3"})", wrong, "price"},
           {head + R"("size":"1","price":"0"})", wrong, "price"},
           {head + R"("size":"1","price":"-5"})", wrong, "price"},
           {head + R"("size":"1","price":"99999999999999999999"})", wrong, "price"},
           {head + R"("size":"1","price":"1.00000000001"})", wrong, "price"},
           {head + R"("size":"0","price":"100"})", ResultCode::invalid_quantity, "size"},
           {head + R"("size":"-1","price":"100"})", ResultCode::invalid_quantity, "size"},
           {head + R"("price":"100"})", ResultCode::invalid_quantity, "size"},
           {head + R"("price":"100","size":"1","size_usdc":"1"})", ResultCode::invalid_quantity,
            "size"},
           {head + R"("price":"100","size_usdc":"0"})", ResultCode::invalid_quantity, "size_usdc"},
           {head + R"("price":"100","size_usdc":"0.0000001"})", wrong, "size_usdc"},
           {head + R"("size":"1"})", ResultCode::missing_field, "price"},
           {market + R"("price":"100"})", wrong, "price"},
           {market + R"("time_in_force":"gtc"})", wrong, "time_in_force"},
           {market + R"("post_only":"reject"})", wrong, "post_only"},
           {market + R"("max_slippage":"0"})", wrong, "max_slippage"},
           {market + R"("max_slippage":"1.5"})", wrong, "max_slippage"},
           {market + R"("max_slippage":"0.0000001"})", wrong, "max_slippage"},
           {limit + R"("max_slippage":"0.1"})", wrong, "max_slippage"},
           {limit + R"("time_in_force":"gtd"})", ResultCode::missing_field, "expires_at"},
           {limit + R"("time_in_force":"ioc","expires_at":5})", wrong, "expires_at"},
           {limit + R"("time_in_force":"ioc","post_only":"slide"})", wrong, "post_only"},
           {limit + R"("expires_at":0})", wrong, "expires_at"},
           {limit + R"("expires_at":"5"})", wrong, "expires_at"},
           {limit + R"("expires_at":1e30})", wrong, "expires_at"},
           {limit + R"("expires_at":18446744073709551615})", wrong, "expires_at"},
           {limit + R"("leverage":0})", wrong, "leverage"},
           {limit + R"("leverage":101})", wrong, "leverage"},
           {limit + R"("leverage":2.5})", wrong, "leverage"},
           {limit + R"("reduce_only":1})", wrong, "reduce_only"},
           {limit + R"("self_trade_prevention":"allow"})", wrong, "self_trade_prevention"},
           {limit + R"("client_id":""})", wrong, "client_id"},
           {limit + R"("client_id":"a b"})", wrong, "client_id"},
           {limit + R"("client_id":"\u0000"})", wrong, "client_id"},
           {limit + R"("client_id":"a\u0000b"})", wrong, "client_id"},
           {limit + R"("client_id":"a\u001f"})", wrong, "client_id"},
           {limit + R"("client_id":"a\u007f"})", wrong, "client_id"},
           {limit + R"("client_id":"a\u0080"})", wrong, "client_id"},
           {limit + R"("client_id":")" + std::string(37, 'x') + "\"}", wrong, "client_id"},
           {limit + R"("valid_until":0})", wrong, "valid_until"},
       }) {
    EXPECT_FALSE(place(row.body)) << row.body;
    EXPECT_EQ(result_info(error.code).name, result_info(row.code).name) << row.body;
    EXPECT_EQ(error.field, row.field) << row.body;
  }
}

TEST_F(ParseTest, a_value_off_the_grid_names_its_neighbours) {
  EXPECT_FALSE(place(R"({"market":"BTC-PERP","side":"buy","size":"1","price":"100.3"})"));
  EXPECT_NE(error.hint.find("100 and 100.5"), std::string::npos) << error.hint;
  ASSERT_EQ(error.numbers.size(), 2u);
  EXPECT_EQ(error.numbers[0].second, "100");
  EXPECT_EQ(error.numbers[1].second, "100.5");
}

TEST_F(ParseTest, an_intent_becomes_a_budget_order_with_its_reason) {
  ASSERT_TRUE(intent(R"({"market":"ETH-PERP","direction":"short","size_usdc":"1000",
      "leverage":5,"reason":"momentum\nfades"})"))
      << error.message;
  const PlaceOrder& order = submission.command.place;
  EXPECT_EQ(submission.text, "momentum\nfades");
  EXPECT_EQ(order.side, Side::sell);
  EXPECT_EQ(order.kind, OrderKind::market);
  EXPECT_EQ(order.time_in_force, TimeInForce::ioc);
  EXPECT_EQ(order.budget, Micro(1'000'000'000));
  EXPECT_EQ(order.flags, kIntent);
  ASSERT_TRUE(intent(R"({"market":"ETH-PERP","direction":"long","size_usdc":"10",
      "limit_price":"3000.01"})"));
  EXPECT_EQ(submission.command.place.kind, OrderKind::limit);
  EXPECT_EQ(submission.command.place.price, Price(300'001));
  EXPECT_EQ(submission.command.place.time_in_force, TimeInForce::gtc);
}

TEST_F(ParseTest, every_wrong_field_of_an_intent_is_named) {
  const std::string head = R"({"market":"ETH-PERP","direction":"long",)";
  constexpr ResultCode wrong = ResultCode::invalid_field;
  for (const Refusal& row : std::vector<Refusal>{
           {R"({"market":"ETH-PERP","size_usdc":"1"})", ResultCode::missing_field, "direction"},
           {R"({"market":"ETH-PERP","size_usdc":"1","direction":"up"})", wrong, "direction"},
           {head + R"("leverage":1})", ResultCode::missing_field, "size_usdc"},
           {head + R"("size_usdc":1000})", wrong, "size_usdc"},
           {head + R"("size_usdc":"-1"})", ResultCode::invalid_quantity, "size_usdc"},
           {head + R"("size_usdc":"1","limit_price":"0.001"})", wrong, "limit_price"},
           {head + R"("size_usdc":"1","limit_price":"1","max_slippage":"0.1"})", wrong,
            "max_slippage"},
           {head + R"("size_usdc":"1","expires_at":5})", wrong, "expires_at"},
           {head + R"("size_usdc":"1","reason":"\u0007"})", wrong, "reason"},
           {head + R"("size_usdc":"1","reason":")" + std::string(limits::kReasonBytesMax + 1, 'x') +
                "\"}",
            wrong, "reason"},
       }) {
    EXPECT_FALSE(intent(row.body)) << row.body;
    EXPECT_EQ(result_info(error.code).name, result_info(row.code).name) << row.body;
    EXPECT_EQ(error.field, row.field) << row.body;
  }
}

TEST_F(ParseTest, orders_are_named_by_id_or_client_id) {
  const std::string id = std::to_string(make_order_id(1, 7, 3));
  ASSERT_TRUE(amend(R"({"order_id":")" + id + R"(","price":"3000.01","size":"0.2"})"))
      << error.message;
  EXPECT_EQ(submission.command.header.market, 1);
  EXPECT_EQ(submission.command.amend.order_id, make_order_id(1, 7, 3));
  EXPECT_EQ(submission.command.amend.price, Price(300'001));
  EXPECT_EQ(submission.command.amend.lots, Lots(2));
  ASSERT_TRUE(amend(R"({"client_id":"c","market":"BTC-PERP","size":"0.002"})")) << error.message;
  EXPECT_EQ(submission.command.amend.lots, Lots(2));
  EXPECT_EQ(client_id_view(submission.command.amend.client_id), "c");
  ASSERT_TRUE(cancel(R"({"client_id":"c"})"));
  EXPECT_EQ(submission.command.header.market, kNoMarket);
  ASSERT_TRUE(cancel(R"({"order_id":)" + id + "}")) << "a number is an id too";
  EXPECT_EQ(submission.command.cancel.order_id, make_order_id(1, 7, 3));
}

TEST_F(ParseTest, every_wrong_name_or_amendment_is_refused) {
  const std::string id = R"({"order_id":")" + std::to_string(make_order_id(1, 7, 3)) + "\"";
  const std::string foreign = R"({"order_id":")" + std::to_string(make_order_id(9, 7, 3)) + "\"";
  constexpr ResultCode wrong = ResultCode::invalid_field;
  for (const Refusal& row : std::vector<Refusal>{
           {"{}", ResultCode::missing_field, "order_id"},
           {id + R"(,"client_id":"c","size":"1"})", wrong, "order_id"},
           {R"({"order_id":"0","size":"1"})", wrong, "order_id"},
           {R"({"order_id":"01","size":"1"})", wrong, "order_id"},
           {R"({"order_id":"x","size":"1"})", wrong, "order_id"},
           {R"({"order_id":"18446744073709551616","size":"1"})", wrong, "order_id"},
           {R"({"order_id":-1,"size":"1"})", wrong, "order_id"},
           {foreign + R"(,"size":"1"})", ResultCode::order_not_found, "order_id"},
           {R"({"client_id":"c","size":"1"})", ResultCode::missing_field, "market"},
           {R"({"client_id":"c","market":"X","size":"1"})", ResultCode::market_not_found, "market"},
           {id + "}", ResultCode::missing_field, "price"},
           {id + R"(,"price":"0"})", wrong, "price"},
           {id + R"(,"price":"0.001"})", wrong, "price"},
           {id + R"(,"size":"0"})", ResultCode::invalid_quantity, "size"},
           {id + R"(,"size":"0.05"})", wrong, "size"},
       }) {
    EXPECT_FALSE(amend(row.body)) << row.body;
    EXPECT_EQ(result_info(error.code).name, result_info(row.code).name) << row.body;
    EXPECT_EQ(error.field, row.field) << row.body;
  }
  EXPECT_FALSE(cancel(foreign + "}"));
  EXPECT_EQ(error.code, ResultCode::order_not_found);
}

TEST_F(ParseTest, batches_name_the_entry_that_is_wrong) {
  std::vector<runtime::Submission> submissions;
  const auto batch = [&](std::string_view text) {
    error = ApiError();
    submissions.clear();
    const object* body = json.parse(text, error);
    return body != nullptr && check_fields(*body, kBatchPlaceFields, error) &&
           parse_batch_place(*body, context, submissions, error);
  };
  const std::string good = R"({"market":"BTC-PERP","side":"buy","size":"1","price":"100"})";
  ASSERT_TRUE(batch("{\"orders\":[" + good + "," + good + "],\"valid_until\":9}")) << error.message;
  EXPECT_EQ(submissions.size(), 2u);
  EXPECT_EQ(submissions[1].command.header.valid_until_ms, 9);
  EXPECT_FALSE(batch("{\"orders\":[" + good + R"(,{"market":"BTC-PERP","side":1}]})"));
  EXPECT_EQ(error.field, "orders[1].side");
  EXPECT_FALSE(batch("{\"orders\":[" + good + R"(,{"market":"BTC-PERP","side":"buy"}]})"));
  EXPECT_EQ(error.field, "orders[1].price");
  EXPECT_FALSE(batch("{\"orders\":[1]}"));
  EXPECT_EQ(error.field, "orders[0]");
  EXPECT_FALSE(batch("{\"orders\":[]}"));
  EXPECT_FALSE(batch("{\"orders\":{}}"));
  std::string many = "{\"orders\":[" + good;
  for (uint32_t i = 0; i < limits::kOrdersPerRequestMax; ++i) many += "," + good;
  EXPECT_FALSE(batch(many + "]}"));
  EXPECT_EQ(error.field, "orders");
}

TEST_F(ParseTest, batch_cancels_take_ids_or_client_ids) {
  std::vector<runtime::Submission> submissions;
  const auto batch = [&](std::string_view text) {
    error = ApiError();
    submissions.clear();
    const object* body = json.parse(text, error);
    return body != nullptr && check_fields(*body, kBatchCancelFields, error) &&
           parse_batch_cancel(*body, context, submissions, error);
  };
  const std::string id = std::to_string(make_order_id(1, 7, 3));
  ASSERT_TRUE(batch("{\"order_ids\":[\"" + id + "\"," + id + "]}")) << error.message;
  EXPECT_EQ(submissions[1].command.cancel.order_id, make_order_id(1, 7, 3));
  ASSERT_TRUE(batch(R"({"client_ids":["a","b"],"market":"ETH-PERP"})"));
  EXPECT_EQ(submissions[1].command.header.market, 1);
  for (const Refusal& row : std::vector<Refusal>{
           {"{}", ResultCode::missing_field, "order_ids"},
           {R"({"order_ids":["1"],"client_ids":["a"]})", ResultCode::invalid_field, "order_ids"},
           {R"({"order_ids":["0"]})", ResultCode::invalid_field, "order_ids[0]"},
           {R"({"order_ids":[true]})", ResultCode::invalid_field, "order_ids[0]"},
           {R"({"order_ids":["1","x"]})", ResultCode::invalid_field, "order_ids[1]"},
           {R"({"client_ids":["a b"]})", ResultCode::invalid_field, "client_ids[0]"},
           {R"({"client_ids":["a","a\u0000b"]})", ResultCode::invalid_field, "client_ids[1]"},
           {R"({"client_ids":["a"],"market":"X"})", ResultCode::market_not_found, "market"},
           {R"({"order_ids":[")" + std::to_string(make_order_id(60, 1, 1)) + R"("]})",
            ResultCode::order_not_found, "order_ids[0]"},
       }) {
    EXPECT_FALSE(batch(row.body)) << row.body;
    EXPECT_EQ(result_info(error.code).name, result_info(row.code).name) << row.body;
    EXPECT_EQ(error.field, row.field) << row.body;
  }
}

TEST_F(ParseTest, money_moves_and_keys_are_checked) {
  const auto transfer = [&](std::string_view text) {
    return parse(text, kTransferFields, [&](const object& o, auto& s, auto& e) {
      return parse_money_move(o, context, CommandType::transfer, s, e);
    });
  };
  ASSERT_TRUE(transfer(R"({"to_agent_id":"7","amount":"0.000001"})")) << error.message;
  EXPECT_EQ(submission.command.money.to_agent, 7u);
  EXPECT_EQ(submission.command.money.amount, Micro(1));
  for (const Refusal& row : std::vector<Refusal>{
           {R"({"to_agent_id":"7","amount":"0"})", ResultCode::invalid_amount, "amount"},
           {R"({"to_agent_id":"7","amount":"-1"})", ResultCode::invalid_amount, "amount"},
           {R"({"to_agent_id":"7","amount":"1000000000.1"})", ResultCode::invalid_amount, "amount"},
           {R"({"to_agent_id":"7","amount":"0.0000001"})", ResultCode::invalid_field, "amount"},
           {R"({"to_agent_id":"7","amount":5})", ResultCode::invalid_field, "amount"},
           {R"({"to_agent_id":"0","amount":"1"})", ResultCode::agent_not_found, "to_agent_id"},
           {R"({"to_agent_id":"5000000000","amount":"1"})", ResultCode::agent_not_found,
            "to_agent_id"},
           {R"({"to_agent_id":"bob","amount":"1"})", ResultCode::invalid_field, "to_agent_id"},
       }) {
    EXPECT_FALSE(transfer(row.body)) << row.body;
    EXPECT_EQ(result_info(error.code).name, result_info(row.code).name) << row.body;
    EXPECT_EQ(error.field, row.field) << row.body;
  }
  const auto create_key = [&](std::string_view text) {
    return parse(text, kCreateKeyFields, [&](const object& o, auto& s, auto& e) {
      return parse_create_key(o, context, s, e);
    });
  };
  ASSERT_TRUE(create_key(R"({"scopes":["read","withdraw"]})"));
  EXPECT_EQ(submission.command.create_key.scopes, kScopeRead | kScopeWithdraw);
  for (const char* text : {R"({"scopes":[]})", R"({"scopes":["admin"]})", R"({"scopes":"read"})",
                           R"({"scopes":["read","read"]})", R"({"scopes":[1]})"}) {
    EXPECT_FALSE(create_key(text)) << text;
  }
}

TEST_F(ParseTest, idempotency_keys_give_each_entry_its_own) {
  std::vector<runtime::Submission> one(1);
  std::vector<runtime::Submission> three(3);
  ASSERT_TRUE(apply_idempotency_key("k", one, error));
  ASSERT_TRUE(apply_idempotency_key("k", three, error));
  EXPECT_EQ(one[0].command.header.key, hash128_text("k", 0));
  EXPECT_NE(three[0].command.header.key, three[1].command.header.key);
  EXPECT_NE(three[0].command.header.key, one[0].command.header.key);
  for (const std::string& key :
       {std::string(129, 'k'), std::string("a\x7f"), std::string("\xc3")}) {
    EXPECT_FALSE(apply_idempotency_key(key, one, error));
    EXPECT_EQ(error.field, "Idempotency-Key");
  }
  std::vector<runtime::Submission> none(1);
  ASSERT_TRUE(apply_idempotency_key("", none, error));
  EXPECT_TRUE(none[0].command.header.key.is_zero());
}

}  // namespace
}  // namespace perpetua::gateway
