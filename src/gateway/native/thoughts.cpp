#include "gateway/codec/fields.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/native/pages.hpp"

namespace perpetua::gateway::native {
namespace {

void write_thoughts(Call& call, std::optional<AgentId> agent) {
  const auto render = [&call](std::string& out, const stores::ThoughtView& view) {
    render_thought(out, view, call.markets());
  };
  constexpr std::size_t kMost = stores::hot_limits::kPageMax;
  auto fresh =
      agent ? call.hot().thoughts_of(*agent, 0, kMost) : call.hot().thoughts(0, kMost);
  if (call.history() == nullptr) {
    if (fresh.size() > call.page_limit()) fresh.resize(call.page_limit());
    write_page(call.reply, fresh, {}, render);
    return;
  }
  if (!call.may_use_disk()) return;
  const auto page = newest_page(
      call, std::move(fresh),
      [&](const stores::PageRequest& request) { return call.history()->thoughts(agent, request); },
      [](const stores::ThoughtView& view) { return view.thought_id; });
  if (page_ok(call, page)) write_page(call.reply, page.rows, page.next_cursor, render);
}

}  // namespace

bool prepare_thought(Call& call) {
  return parse_thought(*call.body, parse_context(call), add_submission(call), call.error);
}

void list_thoughts(Call& call) { write_thoughts(call, std::nullopt); }

void list_agent_thoughts(Call& call) {
  const auto id = parse_id(call.path_value("agent_id")).value_or(0);
  if (id == 0 || id > UINT32_MAX || !call.hot().agent(static_cast<AgentId>(id))) {
    call.fail(ResultCode::agent_not_found, "agent_id");
    return;
  }
  write_thoughts(call, static_cast<AgentId>(id));
}

}  // namespace perpetua::gateway::native
