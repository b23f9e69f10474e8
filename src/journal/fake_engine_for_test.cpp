#include "engine/engine.hpp"
#include "base/hash.hpp"
namespace perpetua {
struct Engine::Impl { uint64_t batch = 0; int64_t time = 0; uint64_t events = 1; uint64_t hash = 1; };
Engine::Engine() : impl_(std::make_unique<Impl>()) {}
Engine::~Engine() = default;
void Engine::apply(const BatchInput& b, MatchExecutor&, BatchOutput& o) {
  PERPETUA_ASSERT(b.number == impl_->batch + 1);
  o.first_event = impl_->events; o.outcomes.assign(b.commands.size(), {}); o.events.clear();
  impl_->batch = b.number; impl_->time = b.log_time_ms; impl_->events += b.commands.size();
  impl_->hash = hash_bytes(b.commands.data(), b.commands.size_bytes(), impl_->hash);
  impl_->hash = hash_bytes(b.text.data(), b.text.size(), impl_->hash);
}
BatchNumber Engine::last_batch() const { return impl_->batch; }
int64_t Engine::log_time_ms() const { return impl_->time; }
uint64_t Engine::next_event_sequence() const { return impl_->events; }
int64_t Engine::next_deadline_ms() const { return INT64_MAX; }
uint64_t Engine::state_hash() const { return impl_->hash; }
void Engine::save(ByteSink& s) const { s.write(impl_.get(), sizeof(Impl)); std::vector<char> pad(20000, 'x'); s.write(pad.data(), pad.size()); }
bool Engine::load(ByteSource& s) { std::vector<char> pad(20000); return s.read(impl_.get(), sizeof(Impl)) && s.read(pad.data(), pad.size()); }
void Engine::describe(DescribeSink&) const {}
void Engine::check_invariants() const {}
}
