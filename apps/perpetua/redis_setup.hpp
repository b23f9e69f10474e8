// The settings of Redis as its client and what stands on it take them.
#pragma once

#include "settings.hpp"
#include "stores/history/history_reader.hpp"
#include "stores/projection/projector.hpp"

namespace perpetua::app {

// Throw std::runtime_error if redis_url cannot be used.
redis::Options redis_options(const Settings& settings);
void start_client(redis::Client& client, std::function<void(const redis::Notice&)> on_notice = {});

projection::ProjectorOptions projector_options(const Settings& settings);

// Closed intents that memory has forgotten; none while no database answers: the hot ones stand for
// themselves, and Redis is a view that may be shorter. The reader may come later, and outlives it.
projection::IntentArchive intent_archive(std::function<stores::HistoryReader&()> reader);

class MetricFamilies;
void add_projection_metrics(MetricFamilies& out, const projection::Projector& projector);
void add_client_metrics(MetricFamilies& out, const redis::Client& client);

}  // namespace perpetua::app
