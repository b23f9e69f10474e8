// Settings of `perpetua serve`: one table, from which flags, PERPETUA_* variables, the TOML file,
// --help and docs/settings.md are made.
//
// Precedence: flag, then variable, then file, then default. A value outside its range names itself,
// what was given, where it came from, and what is allowed; then nothing starts.
// Thread-safety: read-only after load().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace perpetua::app {

enum class SettingKind { text, secret, integer, choice };

struct SettingSpec {
  const char* section;  // heading in help, file and document
  const char* key;      // "listen": flag --listen, variable PERPETUA_LISTEN, TOML key listen
  SettingKind kind;
  const char* default_value;
  int64_t least;  // integer: allowed range
  int64_t most;
  const char* choices;  // choice: separated by '|'
  const char* help;
  const char* common_name = "";  // a variable without PERPETUA_ that is read, too, if that is unset
};

std::span<const SettingSpec> setting_specs();

class Settings {
 public:
  using Environment = std::function<std::optional<std::string>(const std::string& name)>;

  // `flags`: key -> value as given on the command line. `config_path` empty: no file.
  // Returns an error text, or nothing when every value is valid.
  std::optional<std::string> load(const std::map<std::string, std::string>& flags,
                                  const Environment& environment, const std::string& config_path);

  const std::string& text(std::string_view key) const;
  int64_t integer(std::string_view key) const;
  bool is_on(std::string_view key) const { return text(key) == "on"; }

 private:
  struct Value {
    std::string text;
    std::string source;  // for messages: "--listen", "PERPETUA_LISTEN", "file.toml", "default"
  };
  std::optional<std::string> read_file(const std::string& path);
  std::optional<std::string> check(const SettingSpec& spec) const;
  std::optional<std::string> check_together() const;

  std::map<std::string, Value, std::less<>> values_;
};

// "--data-dir"; a secret has none, because a command line shows in process lists.
std::string flag_name(const SettingSpec& spec);
std::string variable_name(const SettingSpec& spec);  // "PERPETUA_DATA_DIR"

// The same table for people: help, docs/settings.md, deploy/perpetua.toml.
std::string settings_help();
std::string settings_markdown();
std::string settings_toml();

}  // namespace perpetua::app
