#include "cluster/feed_status.hpp"

namespace perpetua::cluster {

const char* to_string(FeedSource source) {
  switch (source) {
    case FeedSource::live:
      return "live";
    case FeedSource::log:
      return "log";
    case FeedSource::table:
      return "table";
  }
  return "";
}

}  // namespace perpetua::cluster
