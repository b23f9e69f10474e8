#include "gateway/server_test_support.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "gateway/http/io_thread.hpp"

namespace perpetua::gateway::test {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;

constexpr int kDeadlineS = 10;

std::string make_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "gateway-test-XXXXXX").string();
  PERPETUA_ASSERT(mkdtemp(name.data()) != nullptr);
  return name;
}

}  // namespace

ServerOptions test_options() {
  ServerOptions options;
  options.port = 0;
  options.operator_key = kOperatorKey;
  options.rates = RateOptions{{}, {}, {}, {}, {}, {}};
  options.key_secret = "secret of the tests";
  return options;
}

TestExchange::TestExchange(ServerOptions options, bool has_history, const SharedParts& shared)
    : options_(std::move(options)), directory_(make_directory()), now_ms_(wall_clock_ms()) {
  if (has_history) {
    stores::HistoryOptions history;
    history.path = directory_ + "/history.sqlite";
    history_ = std::make_unique<stores::HistoryWriter>(history);
    reader_ = std::make_unique<stores::HistoryReader>(history.path);
  }
  router_ = std::make_unique<ReplyRouter>(options_.io_threads);
  const ServerDependencies dependencies{
      .commands = *this,
      .hot = hot_,
      .replies = *router_,
      .history = reader_.get(),
      .history_batch = [this] { return history_batch(); },
      .account_reads = shared.accounts,
      .shared_keys = shared.keys,
      .shared_budgets = shared.budgets,
      .shared_notes = shared.notes,
      .read_barrier = shared.barrier,
      .on_failure =
          [this](const std::string& line) {
            const std::lock_guard lock(failure_mutex_);
            failure_lines_.push_back(line);
          },
  };
  server_ = std::make_unique<Server>(options_, dependencies);
  for (const char* symbol : {"BTC-PERP", "ETH-PERP"}) {
    const MarketSpec spec = perpetua::test::make_spec(symbol);
    run(Command(CommandType::create_market),
        std::string_view(reinterpret_cast<const char*>(&spec), sizeof spec));
  }
  set_price(0, 60'000);
  set_price(1, 3'000);
  server_->start();
}

TestExchange::~TestExchange() {
  server_.reset();
  reader_.reset();
  history_.reset();
  std::filesystem::remove_all(directory_);
}

runtime::SubmitResult TestExchange::submit(std::span<runtime::Submission> submissions) {
  const std::lock_guard lock(mutex_);
  if (is_submit_broken_) throw std::runtime_error("broken on purpose");
  if (answer_ != runtime::SubmitResult::accepted) return answer_;
  std::vector<runtime::Submission> batch(std::make_move_iterator(submissions.begin()),
                                         std::make_move_iterator(submissions.end()));
  if (is_holding_) {
    std::move(batch.begin(), batch.end(), std::back_inserter(held_));
  } else {
    run_batch(batch, nullptr);
  }
  return runtime::SubmitResult::accepted;
}

void TestExchange::run_batch(std::vector<runtime::Submission>& submissions,
                             std::vector<Outcome>* outcomes) {
  std::vector<Command> commands;
  std::vector<runtime::ReplyTarget> targets;
  std::string text;
  for (runtime::Submission& submission : submissions) {
    Command& command = commands.emplace_back(submission.command);
    command.header.text_offset = static_cast<uint32_t>(text.size());
    command.header.text_length = static_cast<uint16_t>(submission.text.size());
    text += submission.text;
    targets.push_back(submission.target);
  }
  now_ms_ = std::max(now_ms_, wall_clock_ms());
  engine_.apply({engine_.last_batch() + 1, now_ms_, commands, text}, executor_, output_);
  const AppliedBatch batch{
      engine_.last_batch(), now_ms_, output_.first_event, commands, output_.outcomes,
      output_.events,       text};
  hot_.apply(batch);
  if (is_holding_history_) {
    held_for_history_.push_back({batch.number, batch.log_time_ms, output_.first_event, commands,
                                 output_.outcomes, output_.events, text});
  } else if (history_) {
    apply_to_history(batch);
  }
  router_->on_batch(batch, targets);
  if (outcomes != nullptr) *outcomes = output_.outcomes;
}

Outcome TestExchange::run(const Command& command, std::string_view text) {
  const std::lock_guard lock(mutex_);
  std::vector<runtime::Submission> batch(1);
  batch[0].command = command;
  batch[0].text = text;
  std::vector<Outcome> outcomes;
  run_batch(batch, &outcomes);
  return outcomes.front();
}

void TestExchange::set_price(MarketId market, int64_t ticks) {
  Command command(CommandType::update_price, 0, market);
  command.update_price = UpdatePrice();
  command.update_price.price = Price(ticks);
  command.update_price.source_time_ms = wall_clock_ms();
  PERPETUA_ASSERT(run(command).code == ResultCode::ok);
}

void TestExchange::advance(int64_t duration_ms) {
  {
    const std::lock_guard lock(mutex_);
    now_ms_ = std::max(now_ms_, wall_clock_ms()) + duration_ms;
  }
  run(Command(CommandType::tick));
}

void TestExchange::hold() {
  const std::lock_guard lock(mutex_);
  is_holding_ = true;
}

void TestExchange::release() {
  const std::lock_guard lock(mutex_);
  is_holding_ = false;
  if (!held_.empty()) run_batch(held_, nullptr);
  held_.clear();
}

void TestExchange::release_and_hold() {
  const std::lock_guard lock(mutex_);
  if (!held_.empty()) run_batch(held_, nullptr);
  held_.clear();
}

std::size_t TestExchange::held() {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

void TestExchange::give_up_held() {
  const std::lock_guard lock(mutex_);
  std::vector<runtime::ReplyTarget> targets;
  for (const runtime::Submission& submission : held_) targets.push_back(submission.target);
  held_.clear();
  is_holding_ = false;
  router_->give_up(targets);
}

void TestExchange::answer_with(runtime::SubmitResult result) {
  const std::lock_guard lock(mutex_);
  answer_ = result;
}

void TestExchange::break_submit() {
  const std::lock_guard lock(mutex_);
  is_submit_broken_ = true;
}

void TestExchange::break_history() { is_history_broken_ = true; }

void TestExchange::apply_to_history(const AppliedBatch& batch) {
  history_->apply(batch);
  handed_to_history_ = batch.number;
}

BatchNumber TestExchange::history_batch() const {
  if (is_history_broken_) throw std::runtime_error("broken on purpose");
  const BatchNumber handed = handed_to_history_;
  return history_->queued_bytes() == 0 ? handed : history_->applied_batch();
}

void TestExchange::hold_history() {
  const std::lock_guard lock(mutex_);
  is_holding_history_ = true;
}

void TestExchange::release_history() {
  const std::lock_guard lock(mutex_);
  is_holding_history_ = false;
  for (const HeldBatch& batch : held_for_history_) apply_to_history(batch.view());
  held_for_history_.clear();
}

std::vector<std::string> TestExchange::failure_lines() {
  const std::lock_guard lock(failure_mutex_);
  return failure_lines_;
}

json::object HttpReply::object() const {
  boost::system::error_code code;
  const json::value value = json::parse(body, code);
  EXPECT_FALSE(code) << status << body;
  return value.is_object() ? value.get_object() : json::object();
}

std::string HttpReply::text(std::string_view field) const {
  const json::object parsed = object();
  const json::value* value = parsed.if_contains({field.data(), field.size()});
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string().data(), value->get_string().size());
}

bool HttpReply::is_null(std::string_view field) const {
  const json::object parsed = object();
  const json::value* value = parsed.if_contains({field.data(), field.size()});
  return value != nullptr && value->is_null();
}

std::string HttpReply::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

struct HttpClient::Impl {
  asio::io_context io;
  asio::ip::tcp::socket socket{io};
  boost::beast::flat_buffer buffer;
};

HttpClient::HttpClient(uint16_t port) : impl_(std::make_unique<Impl>()) {
  impl_->socket.connect({asio::ip::address_v4::loopback(), port});
  timeval deadline{kDeadlineS, 0};
  setsockopt(impl_->socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
}

HttpClient::~HttpClient() = default;

HttpReply HttpClient::send(std::string_view method, std::string_view target, std::string_view body,
                           const Headers& headers) {
  std::string bytes = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n";
  if (!key.empty()) bytes += "X-API-Key: " + key + "\r\n";
  const bool has_type = !headers.empty() && headers.front().first == "Content-Type";
  if (!body.empty() && !has_type) bytes += "Content-Type: application/json\r\n";
  if (!body.empty() || method != "GET") {
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  for (const auto& [name, value] : headers) bytes += name + ": " + value + "\r\n";
  write(bytes + "\r\n" + std::string(body));
  return read(method == "HEAD");
}

void HttpClient::write(std::string_view bytes) {
  boost::system::error_code ignored;  // a server that has refused may have closed already
  asio::write(impl_->socket, asio::buffer(bytes.data(), bytes.size()), ignored);
}

HttpReply HttpClient::read(bool is_head) {
  http::response_parser<http::string_body> parser;
  parser.skip(is_head);
  boost::system::error_code code;
  http::read(impl_->socket, impl_->buffer, parser, code);
  HttpReply reply;
  if (code) {
    reply.body = "{\"read\":\"" + code.message() + "\"}";
    return reply;
  }
  reply.status = parser.get().result_int();
  for (const auto& field : parser.get()) {
    std::string name(field.name_string().data(), field.name_string().size());
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    reply.headers[name] = std::string(field.value().data(), field.value().size());
  }
  reply.body = parser.get().body();
  return reply;
}

bool HttpClient::is_closed_by_peer() {
  for (;;) {
    char bytes[256];
    boost::system::error_code code;
    impl_->socket.read_some(asio::buffer(bytes), code);
    if (code) return code == asio::error::eof || code == asio::error::connection_reset;
  }
}

AgentId register_agent(HttpClient& client, std::string_view wallet, std::string_view deposit) {
  const HttpReply reply =
      client.send("POST", "/api/v1/agents", R"({"wallet":")" + std::string(wallet) + "\"}");
  EXPECT_EQ(reply.status, 200) << reply.body;
  client.key = reply.text("api_key");
  if (!deposit.empty()) {
    const HttpReply money = client.send("POST", "/api/v1/account/deposit",
                                        R"({"amount":")" + std::string(deposit) + "\"}");
    EXPECT_EQ(money.status, 200) << money.body;
  }
  return static_cast<AgentId>(std::stoul(reply.text("agent_id")));
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(kDeadlineS);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace perpetua::gateway::test
