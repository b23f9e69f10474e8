#include "gateway/http/openapi.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

#include "gateway/document_test_support.hpp"
#include "gateway/failure_log.hpp"

namespace perpetua::gateway {
namespace {

namespace json = boost::json;

json::object document() { return json::parse(make_openapi(all_endpoints(), "1.2.3")).as_object(); }

const json::object& operation_of(const json::object& root, const Endpoint& endpoint) {
  std::string method(method_name(endpoint.method));
  for (char& c : method) c = static_cast<char>(std::tolower(c));
  return root.at("paths")
      .at(json::string_view(endpoint.path.data(), endpoint.path.size()))
      .at(method)
      .as_object();
}

void collect_references(const json::value& value, std::set<std::string>& references) {
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      if (member.key() == "$ref")
        references.insert(member.value().as_string().c_str());
      else
        collect_references(member.value(), references);
    }
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& item : *array) collect_references(item, references);
  }
}

TEST(OpenApi, is_valid_json_and_covers_every_endpoint) {
  const json::object root = document();
  EXPECT_EQ(root.at("openapi").as_string(), "3.1.0");
  EXPECT_EQ(root.at("info").at("version").as_string(), "1.2.3");
  std::size_t operations = 0;
  for (const auto& path : root.at("paths").as_object())
    operations += path.value().as_object().size();
  EXPECT_EQ(operations, all_endpoints().size());
  std::set<std::string> ids;
  for (const Endpoint& endpoint : all_endpoints()) {
    const json::object& operation = operation_of(root, endpoint);
    EXPECT_EQ(operation.at("operationId").as_string(), endpoint.name.data());
    EXPECT_TRUE(ids.insert(std::string(endpoint.name)).second) << endpoint.name;
    EXPECT_EQ(operation.contains("requestBody"), endpoint.prepare != nullptr) << endpoint.name;
    EXPECT_TRUE(operation.at("responses").as_object().contains("200"));
    for (const ResultCode code : errors_of(endpoint)) {
      const std::string status = std::to_string(result_info(code).http_status);
      const json::string& names =
          operation.at("responses").at(status).at("description").as_string();
      EXPECT_NE(names.find(result_info(code).name.data()), json::string::npos) << endpoint.name;
    }
    EXPECT_EQ(operation.at("responses").at("500").at("description").as_string(), "internal_error");
  }
}

TEST(OpenApi, every_reference_resolves) {
  const json::value root = document();
  std::set<std::string> references;
  collect_references(root, references);
  EXPECT_GT(references.size(), 20u);
  for (const std::string& reference : references) {
    boost::system::error_code code;
    EXPECT_NE(root.find_pointer(reference.substr(1), code), nullptr) << reference;
  }
}

TEST(ApiTables, codes_are_those_of_the_engine_and_the_one_of_a_defect) {
  const std::string tables = make_api_tables(all_endpoints());
  for (const ResultInfo& info : kResultInfos) {
    const std::string row =
        "\n| `" + std::string(info.name) + "` | " + std::to_string(info.http_status) + " | ";
    EXPECT_EQ(tables.find(row) == std::string::npos, info.code == ResultCode::ok) << info.name;
  }
  const json::object body = json::parse(kInternalErrorBody).as_object();
  EXPECT_EQ(body.at("code").as_string(), std::string(kInternalErrorCode));
  EXPECT_NE(tables.find("\n| `internal_error` | 500 | " +
                        std::string(body.at("message").as_string()) + " | "),
            std::string::npos);
}

TEST(EndpointTable, rows_are_whole) {
  for (const Endpoint& endpoint : all_endpoints()) {
    EXPECT_NE(endpoint.respond == nullptr, endpoint.prepare == nullptr) << endpoint.name;
    EXPECT_TRUE(endpoint.prepare != nullptr || endpoint.complete == nullptr) << endpoint.name;
    EXPECT_EQ(endpoint.prepare == nullptr, endpoint.method == Method::get) << endpoint.name;
    if (endpoint.shape != ReplyShape::text) {
      EXPECT_NE(find_schema(endpoint.schema), nullptr) << endpoint.schema;
    }
    std::set<std::string_view> names;
    for (const FieldSpecs specs :
         {endpoint.path_fields, endpoint.query_fields, endpoint.body_fields}) {
      for (const FieldSpec& spec : specs) {
        EXPECT_TRUE(names.insert(spec.name).second || spec.name == "market")
            << endpoint.name << " " << spec.name;
        EXPECT_FALSE(spec.description.empty()) << endpoint.name << " " << spec.name;
      }
    }
    for (const FieldSpec& spec : endpoint.path_fields) {
      EXPECT_NE(endpoint.path.find("{" + std::string(spec.name) + "}"), std::string::npos);
    }
  }
}

TEST(ApiDocument, shows_the_tables_of_this_build) {
  test::expect_document_shows("docs/api.md", "<!-- generated from the endpoint table: begin -->\n",
                              "<!-- generated from the endpoint table: end -->\n",
                              make_api_tables(all_endpoints()));
}

}  // namespace
}  // namespace perpetua::gateway
