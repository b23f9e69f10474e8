#include "stores/redis/stream_reader.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "stores/redis/core.hpp"
#include "stores/redis/link.hpp"
#include "stores/redis/server_error.hpp"

namespace perpetua::redis {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr uint32_t kRedirectsAtOnceMax = 5;  // then they wait, too

// An entry at the position itself can be added only if the stream is behind it. 1: it was.
constexpr std::string_view kLift =
    "if type(redis.pcall('XADD',KEYS[1],ARGV[1],ARGV[2],'')) ~= 'string' then return 0 end "
    "redis.call('XDEL',KEYS[1],ARGV[1]) return 1";

std::optional<StreamEntry> read_entry(Reply& row, std::string_view field) {
  if (!row.is_array() || row.elements.size() != 2) return std::nullopt;
  const auto id = parse_stream_id(row.elements[0].text);
  if (!id) return std::nullopt;
  StreamEntry entry{*id, std::nullopt};
  std::vector<Reply>& pairs = row.elements[1].elements;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (pairs[i].text == field) entry.payload = std::move(pairs[i + 1].text);
  }
  return entry;
}

}  // namespace

std::string to_string(const StreamId& id) {
  std::string text = std::to_string(id.milliseconds);
  text += '-';
  return text += std::to_string(id.sequence);
}

std::optional<StreamId> parse_stream_id(std::string_view text) {
  StreamId id;
  const char* const end = text.data() + text.size();
  const auto [dash, first] = std::from_chars(text.data(), end, id.milliseconds);
  if (first != std::errc() || dash == end || *dash != '-') return std::nullopt;
  const auto [last, second] = std::from_chars(dash + 1, end, id.sequence);
  if (second != std::errc() || last != end) return std::nullopt;
  return id;
}

// On the client's thread, but for the trim position and the atomics.
class StreamReader::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Core& core, StreamReaderOptions options, Handler handler)
      : core_(core),
        options_(std::move(options)),
        slot_(key_slot(options_.key)),
        handler_(std::move(handler)),
        position_(options_.after),
        pause_timer_(core.io),
        watch_timer_(core.io),
        offer_timer_(core.io),
        pace_timer_(core.io),
        backoff_(core.options.backoff_min_ms,
                 std::min(core.options.backoff_max_ms, kReconnectMaxMs)) {}

  void open();
  void close();
  void trim_before(StreamId id);
  Core& core() { return core_; }

  std::atomic<uint64_t> connects{0};
  std::atomic<uint64_t> lifts{0};
  std::atomic<bool> is_connected{false};

 private:
  enum class Verb : uint8_t { asking, lift, trim, read };

  static awaitable<void> keep(std::shared_ptr<Impl> self) { co_await self->run(); }
  awaitable<void> run();
  awaitable<std::string> serve();
  void become_away(const std::string& error);
  void slots_moved();
  void send(Verb verb, Request::ArgumentList arguments);
  void ask();
  void watch();
  bool take(Reply&& reply);
  bool take_error(const Reply& reply);
  bool take_entries(Reply& reply);
  void offer();
  void ask_in_time(bool is_more_there);

  Core& core_;
  const StreamReaderOptions options_;
  const uint16_t slot_;
  Handler handler_;
  StreamId position_;              // of the newest entry taken
  std::vector<StreamEntry> held_;  // read
  std::size_t offered_ = 0;        // of held_: taken
  std::shared_ptr<Link> link_;
  std::optional<Endpoint> node_;    // of link_
  std::optional<Endpoint> detour_;  // where a redirect points
  bool is_asking_ = false;          // ... for the time of a move
  uint32_t redirects_ = 0;          // in a row
  std::deque<Verb> unanswered_;
  StreamId trimmed_before_;
  asio::steady_timer pause_timer_;
  asio::steady_timer watch_timer_;
  asio::steady_timer offer_timer_;
  asio::steady_timer pace_timer_;
  Backoff backoff_;
  uint64_t listener_ = 0;
  bool is_lift_due_ = false;
  bool is_closed_ = false;

  std::mutex trim_mutex_;
  StreamId trim_before_;  // guarded
};

void StreamReader::Impl::open() {
  if (is_closed_) return;
  listener_ = core_.listen([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->slots_moved();
  });
  asio::co_spawn(core_.io, keep(shared_from_this()), asio::detached);
}

void StreamReader::Impl::close() {
  is_closed_ = true;
  core_.forget(listener_);
  pause_timer_.cancel();
  watch_timer_.cancel();
  offer_timer_.cancel();
  pace_timer_.cancel();
  if (link_ != nullptr) link_->close();
  handler_ = {};
}

void StreamReader::Impl::trim_before(StreamId id) {
  const std::lock_guard lock(trim_mutex_);
  trim_before_ = std::max(trim_before_, id);
}

awaitable<void> StreamReader::Impl::run() {
  while (!is_closed_) {
    const std::string error = co_await serve();
    if (is_closed_) break;
    become_away(error);
    if (detour_ && redirects_ < kRedirectsAtOnceMax) continue;
    pause_timer_.expires_after(std::chrono::milliseconds(backoff_.next_ms(core_.random())));
    co_await pause_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

awaitable<std::string> StreamReader::Impl::serve() {
  is_asking_ = is_asking_ && detour_.has_value();
  node_ = detour_ ? std::exchange(detour_, std::nullopt) : core_.master_of(slot_);
  if (!node_) co_return "no node owns the key's slot";
  link_ = std::make_shared<Link>(core_.setup());
  std::string error = co_await link_->open(*node_);
  if (!error.empty() || is_closed_) co_return error;
  connects.fetch_add(1);
  is_lift_due_ = true;
  trimmed_before_ = {};
  is_connected = true;
  if (held_.empty()) ask();
  Link::ReplyHandler on_reply = [this](Reply&& reply) { return take(std::move(reply)); };
  error = co_await link_->read(std::move(on_reply));
  co_return error;
}

void StreamReader::Impl::become_away(const std::string& error) {
  is_connected = false;
  watch_timer_.cancel();
  unanswered_.clear();
  if (link_ != nullptr) link_->close();
  link_ = nullptr;
  core_.refresh_soon();
  if (!detour_ && options_.on_lost) options_.on_lost(options_.key + ": " + error);
}

// An old master that is cut off from the others does not say that it is none any more.
void StreamReader::Impl::slots_moved() {
  if (is_closed_ || link_ == nullptr || is_asking_) return;
  const std::optional<Endpoint> owner = core_.master_of(slot_);
  if (owner && owner != node_) link_->close("the slot has moved");
}

void StreamReader::Impl::send(Verb verb, Request::ArgumentList arguments) {
  Request request;
  if (is_asking_) {
    request.add("", {"ASKING"});
    unanswered_.push_back(Verb::asking);
  }
  request.add("", arguments);
  unanswered_.push_back(verb);
  link_->out() += request.wire();
}

void StreamReader::Impl::ask() {
  const std::string position = to_string(position_);
  if (std::exchange(is_lift_due_, false) && position_ != StreamId()) {
    send(Verb::lift, {"EVAL", kLift, "1", options_.key, position, options_.field});
  }
  StreamId trim_before;
  {
    const std::lock_guard lock(trim_mutex_);
    trim_before = trim_before_;
  }
  if (trim_before > trimmed_before_) {
    trimmed_before_ = trim_before;
    send(Verb::trim, {"XTRIM", options_.key, "MINID", to_string(trim_before)});
  }
  send(Verb::read, {"XREAD", "COUNT", std::to_string(options_.entries_per_read), "BLOCK",
                    std::to_string(options_.block_ms), "STREAMS", options_.key, position});
  link_->flush();
  watch();
}

void StreamReader::Impl::watch() {
  const int64_t wait_ms = options_.block_ms + options_.answer_timeout_ms;
  watch_timer_.expires_after(std::chrono::milliseconds(wait_ms));
  watch_timer_.async_wait([weak = weak_from_this()](const error_code& code) {
    const auto self = weak.lock();
    if (!code && self != nullptr && self->link_ != nullptr) {
      self->link_->close("no answer to XREAD");
    }
  });
}

bool StreamReader::Impl::take(Reply&& reply) {
  if (is_closed_ || unanswered_.empty()) return false;
  const Verb verb = unanswered_.front();
  unanswered_.pop_front();
  if (reply.is_error()) return take_error(reply);
  if (verb == Verb::lift && reply.integer == 1) lifts.fetch_add(1);
  return verb != Verb::read || take_entries(reply);
}

// Whatever it is, the connection ends: what else was sent on it would be refused as well.
bool StreamReader::Impl::take_error(const Reply& reply) {
  const Verdict verdict = verdict_of(reply.text);
  if (verdict == Verdict::moved || verdict == Verdict::ask) {
    auto redirect = parse_redirect(reply.text);
    if (redirect) {
      if (redirect->target.host.empty()) redirect->target.host = node_->host;
      detour_ = redirect->target;
      is_asking_ = verdict == Verdict::ask;
      ++redirects_;
    }
  }
  link_->close(reply.text);
  return true;
}

bool StreamReader::Impl::take_entries(Reply& reply) {
  watch_timer_.cancel();
  backoff_.reset();
  redirects_ = 0;
  if (reply.is_nil()) {
    is_lift_due_ = true;
    ask();
    return true;
  }
  if (reply.elements.size() != 1 || reply.elements[0].elements.size() != 2) return false;
  for (Reply& row : reply.elements[0].elements[1].elements) {
    std::optional<StreamEntry> entry = read_entry(row, options_.field);
    if (!entry) return false;
    held_.push_back(std::move(*entry));
  }
  offer();
  return true;
}

void StreamReader::Impl::offer() {
  if (is_closed_) return;
  const std::size_t taken = handler_(std::span(held_).subspan(offered_));
  PERPETUA_ASSERT(taken <= held_.size() - offered_);
  offered_ += taken;
  if (taken > 0) position_ = held_[offered_ - 1].id;
  if (offered_ < held_.size()) {
    offer_timer_.expires_after(std::chrono::milliseconds(kOfferAgainMs));
    offer_timer_.async_wait([weak = weak_from_this()](const error_code& code) {
      const auto self = weak.lock();
      if (!code && self != nullptr) self->offer();
    });
    return;
  }
  const bool is_more_there = held_.size() >= options_.entries_per_read;
  held_.clear();
  offered_ = 0;
  if (is_connected) ask_in_time(is_more_there);
}

void StreamReader::Impl::ask_in_time(bool is_more_there) {
  if (options_.read_every_ms == 0 || is_more_there) return ask();
  using std::chrono::steady_clock;
  const std::chrono::milliseconds every(options_.read_every_ms);
  const auto past = steady_clock::now().time_since_epoch() / every;
  pace_timer_.expires_at(steady_clock::time_point(every * (past + 1)));
  pace_timer_.async_wait([weak = weak_from_this(), link = link_](const error_code& code) {
    const auto self = weak.lock();
    if (!code && self != nullptr && !self->is_closed_ && self->link_ == link) self->ask();
  });
}

StreamReader::StreamReader(Client& client, StreamReaderOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(*client.core_, std::move(options), std::move(handler))) {
  asio::post(impl_->core().io, [impl = impl_] { impl->open(); });
}

StreamReader::~StreamReader() {
  impl_->core().run_inside([this] { impl_->close(); });
}

void StreamReader::trim_before(StreamId id) { impl_->trim_before(id); }

uint64_t StreamReader::connects() const { return impl_->connects.load(); }

uint64_t StreamReader::lifts() const { return impl_->lifts.load(); }

bool StreamReader::is_connected() const { return impl_->is_connected.load(); }

}  // namespace perpetua::redis
