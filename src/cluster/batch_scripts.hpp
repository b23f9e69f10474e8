// The scripts of Redis with which batches are published. Thread-safe.
#pragma once

#include "stores/redis/request.hpp"

namespace perpetua::cluster {

// Adds a message to the log of a tag, names its newest batch and publishes it, all or nothing.
// KEYS: log, last, channel. ARGV: message, id, oldest id kept, PUBLISH or SPUBLISH.
// 1, or 0 if the log refuses the id: this message, or one that holds more, was published before.
const redis::Script& publish_script();

// Names the newest batch and publishes a beat.
// KEYS: last, channel. ARGV: message, newest batch, PUBLISH or SPUBLISH.
const redis::Script& beat_script();

}  // namespace perpetua::cluster
