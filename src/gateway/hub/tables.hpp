// How the rows of the root API are written, and its tables, one for each part.
#pragma once

#include "gateway/http/endpoint.hpp"

namespace perpetua::gateway::hub {

std::span<const Endpoint> account_endpoints();  // agents, money, keys, login
std::span<const Endpoint> social_endpoints();   // chat, signals and bets, runtime, messages
std::span<const Endpoint> market_endpoints();   // prices, intents, positions, risk, funding
std::span<const Endpoint> system_endpoints();   // health, and what the hub had and we do not offer

constexpr Endpoint read(std::string_view name, std::string_view path, std::string_view tag,
                        std::string_view summary, Access access, const Rules& rules,
                        void (*respond)(Call&)) {
  Endpoint row;
  row.name = name;
  row.path = path;
  row.tag = tag;
  row.summary = summary;
  row.access = access;
  row.respond = respond;
  row.surface = Surface::hub;
  row.rules = rules;
  return row;
}

// `complete` null: prepare writes the reply itself, nothing is sequenced.
constexpr Endpoint mutation(std::string_view name, Method method, std::string_view path,
                            std::string_view tag, std::string_view summary, Access access,
                            LimitClass limit, const Rules& rules, bool (*prepare)(Call&),
                            bool (*complete)(Call&)) {
  Endpoint row;
  row.name = name;
  row.method = method;
  row.path = path;
  row.tag = tag;
  row.summary = summary;
  row.access = access;
  row.limit = limit;
  row.prepare = prepare;
  row.complete = complete;
  row.surface = Surface::hub;
  row.rules = rules;
  return row;
}

constexpr Endpoint post(std::string_view name, std::string_view path, std::string_view tag,
                        std::string_view summary, Access access, const Rules& rules,
                        bool (*prepare)(Call&), bool (*complete)(Call&)) {
  return mutation(name, Method::post, path, tag, summary, access, LimitClass::hub_mutation, rules,
                  prepare, complete);
}

// Rows of a page: `limit`.
constexpr Field limit_field(int64_t maximum, std::string_view description) {
  Field field;
  field.name = "limit";
  field.kind = FieldKind::integer;
  field.description = description;
  field.minimum = 1;
  field.maximum = maximum;
  return field;
}

}  // namespace perpetua::gateway::hub
