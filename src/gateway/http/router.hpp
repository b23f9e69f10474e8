// Router: target -> endpoint. Literal segments win over parameters ("/orders/history" is no id).
//
// Built once from the endpoint table; a conflict in the table aborts. Thread-safety: immutable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/endpoint.hpp"

namespace perpetua::gateway {

struct Parameter;

// Decodes %XX (and, in a query, `+`); false if it is broken or holds a NUL.
bool percent_decode(std::string_view text, bool is_query, std::string& out);

// "a=1&b=2" into parameters; false if a value is not decodable or a name occurs twice.
bool parse_query(std::string_view query, FieldSpecs specs, std::vector<Parameter>& out,
                 std::string& bad_name);

class Router {
 public:
  explicit Router(std::span<const Endpoint> endpoints);

  struct Match {
    const Endpoint* endpoint = nullptr;
    std::string allow;  // the path exists with these methods only
  };
  // `path` without the query. Fills the path's parameters; their names come from the template.
  Match match(Method method, std::string_view path, std::vector<Parameter>& values) const;

 private:
  struct Route {
    const Endpoint* endpoint = nullptr;
    std::vector<std::string_view> segments;  // a parameter as "{name}"
    std::size_t literals = 0;
  };
  static bool fits(const Route& route, std::span<const std::string_view> segments);

  std::vector<std::vector<Route>> routes_;  // by number of segments, most literals first
};

}  // namespace perpetua::gateway
