#include "gateway/http/refusals.hpp"

#include <boost/beast/http/error.hpp>
#include <string>

#include "gateway/failure_log.hpp"
#include "gateway/hub/cors.hpp"
#include "gateway/hub/pipeline.hpp"

namespace perpetua::gateway {

namespace http = boost::beast::http;

void refuse_unreadable(Call& call, const http::request_header<>& head,
                       boost::system::error_code code) {
  call.is_hub = hub::is_hub_path(head.target());
  hub::note_origin(call, head[http::field::origin], head.target());
  if (code == http::error::body_limit) {
    call.fail(ResultCode::payload_too_large);
  } else if (code == http::error::header_limit) {
    call.fail(ResultCode::payload_too_large, {}, "the request header is larger than 8 KiB");
    call.status = 431;
    if (call.is_hub) {
      hub::refuse(call, hub::kHeaderTooLarge, "Request header too large: the limit is 8 KiB");
    }
  } else {
    const std::string not_http = "this is not HTTP: " + code.message();
    call.fail(ResultCode::invalid_request, {}, not_http);
    if (call.is_hub) hub::refuse(call, hub::kBadRequest, not_http);
  }
}

void fail_internally(Call& call) {
  call.error = ApiError();
  call.reply = kInternalErrorBody;
  call.content_type = "application/json";
  call.status = kInternalErrorStatus;
  if (!call.is_hub) return;
  call.refusal = hub::Refusal();
  hub::refuse(call, hub::kInternalError, "Internal server error");
  hub::render_refusal(call);
}

}  // namespace perpetua::gateway
