// Request: one command or many, encoded as they are added, sent as one pipeline.
//
// The one request type of the client. Each command is routed by its key; in a Cluster the client
// splits the request by node and puts the replies back in order. Replies: one per command.
// Order: commands that go to one node are executed in the order of the request, unless Redis
// redirects one of them or asks to try it again (slots on the move, failover, a script that has
// to be sent); redirected ones keep their order among each other. What must be atomic or strictly
// ordered through that is one script. Not for MULTI, WATCH, SELECT, subscriptions and blocking
// commands: connections are shared.
// Thread-safety: none; a value.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace perpetua::redis {

inline constexpr uint16_t kSlots = 16'384;
inline constexpr uint16_t kAnyNode = kSlots;  // in place of a slot: every node can answer

// The Cluster slot of a key: CRC16 of its hash tag `{…}`, or of the whole.
uint16_t key_slot(std::string_view key);

// A Lua script and its name in EVALSHA. Cheap to copy.
class Script {
 public:
  explicit Script(std::string source);

  const std::string& source() const { return *source_; }
  const std::string& sha1() const { return sha1_; }  // 40 hexadecimal digits

 private:
  std::shared_ptr<const std::string> source_;
  std::string sha1_;
};

class Request {
 public:
  using Arguments = std::span<const std::string_view>;
  using ArgumentList = std::initializer_list<std::string_view>;

  Request() = default;
  Request(std::string_view key, ArgumentList arguments) { add(key, arguments); }

  // `key` chooses the node and is one of the arguments' keys; empty: any node.
  void add(std::string_view key, Arguments arguments);
  void add(std::string_view key, ArgumentList arguments) {
    add(key, Arguments(arguments.begin(), arguments.size()));
  }
  // EVALSHA; a node that does not have the script gets it by EVAL, without the caller's help.
  // Routed by the first key; all keys must be in its slot.
  void add_script(const Script& script, Arguments keys, Arguments arguments);
  void add_script(const Script& script, ArgumentList keys, ArgumentList arguments) {
    add_script(script, Arguments(keys.begin(), keys.size()),
               Arguments(arguments.begin(), arguments.size()));
  }

  std::size_t size() const { return commands_.size(); }
  std::size_t bytes() const { return wire_.size(); }
  bool empty() const { return commands_.empty(); }
  void clear();

  // For the client.
  uint16_t slot(std::size_t command) const { return commands_[command].slot; }
  std::string_view wire() const { return wire_; }  // all commands, back to back
  std::string_view wire(std::size_t command) const;
  bool is_script(std::size_t command) const { return script_of(command) != nullptr; }
  std::string wire_as_eval(std::size_t command) const;  // an EVALSHA with the source in its place

 private:
  struct Command {
    std::size_t offset = 0;
    uint16_t slot = kAnyNode;
  };
  struct ScriptUse {
    std::size_t command = 0;
    Script script;
  };
  const Script* script_of(std::size_t command) const;

  std::string wire_;
  std::vector<Command> commands_;
  std::vector<ScriptUse> scripts_;  // ascending
};

}  // namespace perpetua::redis
