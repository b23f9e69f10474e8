// For tests of the stores: a hot store that begins with an engine's description, as at a restart.
#pragma once

#include "engine/engine.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::stores::test {

inline void bootstrap(HotStore& store, const Engine& engine) {
  class Sink final : public DescribeSink {
   public:
    explicit Sink(HotStore& target) : target_(target) {}
    void on_event(const Event& event, std::string_view text) override {
      target_.on_event(event, text);
    }

   private:
    HotStore& target_;
  } sink(store);
  engine.describe(sink);
  store.finish_bootstrap(engine.last_batch(), engine.log_time_ms());
}

}  // namespace perpetua::stores::test
