// A part of a request's JSON as text again, every number as it was written.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

namespace perpetua::gateway {
class JsonBody;
}

namespace perpetua::gateway::hub {

// `value` is of the last parse of `body`, whose text still lives.
void append_json(std::string& out, const boost::json::object& value, const JsonBody& body);

}  // namespace perpetua::gateway::hub
