// What a start needs beyond the engine's own state: recent trades, candles and thoughts for the hot
// store, and two small files of the data directory.
#pragma once

#include <cstdint>
#include <string>

#include "stores/memory/hot_store.hpp"
#include "stores/sqlite/history_reader.hpp"

namespace perpetua::app {

// Fills in what a description of the state cannot tell. After finish_bootstrap, before any batch.
void warm_up(stores::HotStore& hot, stores::HistoryReader& history);

// Creates the data directory's cluster id if it has none. Throws std::runtime_error.
void ensure_cluster_id(const std::string& data_dir);
uint64_t cluster_fingerprint(const std::string& data_dir);

// 256 random bits that make repeated registrations recognisable over restarts; made once, readable
// by the owner only. Throws std::runtime_error.
std::string load_key_secret(const std::string& data_dir);

}  // namespace perpetua::app
