#include "settings.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <charconv>

#include "roles.hpp"

namespace perpetua::app {
namespace {

const SettingSpec* find_spec(std::string_view key) {
  for (const SettingSpec& spec : setting_specs()) {
    if (key == spec.key) return &spec;
  }
  return nullptr;
}

std::optional<int64_t> parse_integer(const std::string& text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || text.empty()) return std::nullopt;
  return value;
}

bool is_choice(const char* choices, const std::string& value) {
  std::string_view left = choices;
  while (!left.empty()) {
    const std::size_t bar = std::min(left.find('|'), left.size());
    if (left.substr(0, bar) == value) return true;
    left.remove_prefix(std::min(bar + 1, left.size()));
  }
  return false;
}

std::string allowed_values(const SettingSpec& spec) {
  switch (spec.kind) {
    case SettingKind::integer:
      return fmt::format("{} to {}", spec.least, spec.most);
    case SettingKind::choice: {
      std::string choices = spec.choices;
      std::replace(choices.begin(), choices.end(), '|', ' ');
      return "one of: " + choices;
    }
    default:
      return "text";
  }
}

std::string shown_default(const SettingSpec& spec) {
  return spec.default_value[0] == 0 ? "none" : spec.default_value;
}

std::optional<std::string> common_value(const SettingSpec& spec,
                                        const Settings::Environment& environment) {
  return spec.common_name[0] == 0 ? std::nullopt : environment(spec.common_name);
}

std::string shown_variables(const SettingSpec& spec) {
  const std::string own = "`" + variable_name(spec) + "`";
  return spec.common_name[0] == 0 ? own : own + " or `" + spec.common_name + "`";
}

}  // namespace

std::string flag_name(const SettingSpec& spec) {
  std::string name = std::string("--") + spec.key;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::string variable_name(const SettingSpec& spec) {
  std::string name = std::string("PERPETUA_") + spec.key;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

std::optional<std::string> Settings::read_file(const std::string& path) {
  toml::table table;
  try {
    table = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    return fmt::format("{}:{}: {}", path, error.source().begin.line, error.description());
  }
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (find_spec(name) == nullptr) return fmt::format("{}: unknown setting '{}'", path, name);
    if (const auto text = node.value_exact<std::string>()) {
      values_[name] = {*text, path};
    } else if (const auto integer = node.value_exact<int64_t>()) {
      values_[name] = {std::to_string(*integer), path};
    } else {
      return fmt::format("{}: setting '{}' must be text or a whole number", path, name);
    }
  }
  return std::nullopt;
}

std::optional<std::string> Settings::load(const std::map<std::string, std::string>& flags,
                                          const Environment& environment,
                                          const std::string& config_path) {
  values_.clear();
  for (const SettingSpec& spec : setting_specs())
    values_[spec.key] = {spec.default_value, "default"};
  if (!config_path.empty()) {
    if (auto error = read_file(config_path)) return error;
  }
  for (const SettingSpec& spec : setting_specs()) {
    const std::string variable = variable_name(spec);
    if (const auto common = common_value(spec, environment)) {
      values_[spec.key] = {*common, spec.common_name};
    }
    if (const auto value = environment(variable)) values_[spec.key] = {*value, variable};
    if (const auto flag = flags.find(spec.key); flag != flags.end()) {
      values_[spec.key] = {flag->second, flag_name(spec)};
    }
    if (auto error = check(spec)) return error;
  }
  return check_together();
}

std::optional<std::string> Settings::check(const SettingSpec& spec) const {
  const Value& value = values_.find(spec.key)->second;
  bool is_valid = true;
  if (spec.kind == SettingKind::integer) {
    const auto number = parse_integer(value.text);
    is_valid = number && *number >= spec.least && *number <= spec.most;
  } else if (spec.kind == SettingKind::choice) {
    is_valid = is_choice(spec.choices, value.text);
  }
  if (is_valid) return std::nullopt;
  return fmt::format("setting {} (from {}) is '{}', allowed: {}", spec.key, value.source,
                     value.text, allowed_values(spec));
}

std::optional<std::string> Settings::check_together() const {
  const Value& listen = values_.find("listen")->second;
  const std::size_t colon = listen.text.rfind(':');
  const auto port =
      colon == std::string::npos ? std::nullopt : parse_integer(listen.text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65'535 || colon == 0) {
    return fmt::format("setting listen (from {}) is '{}', allowed: ADDRESS:PORT, port 0 to 65535",
                       listen.source, listen.text);
  }
  if (!parse_roles(text("role"))) {
    return fmt::format(
        "setting role (from {}) is '{}', allowed: all, or a comma list of api, ws, "
        "engine, projector",
        values_.find("role")->second.source, text("role"));
  }
  const std::string& key = text("operator_key");
  if (!key.empty() && key.size() < 32) {
    return fmt::format("setting operator_key (from {}) has {} characters, allowed: 32 or more",
                       values_.find("operator_key")->second.source, key.size());
  }
  if (text("database_url").empty() && !text("database_replica_urls").empty()) {
    return "setting database_replica_urls is given without database_url";
  }
  if (text("mode") == "production" && integer("start_balance") != 0) {
    return fmt::format("setting start_balance is '{}', allowed in production mode: 0",
                       text("start_balance"));
  }
  if (text("mode") == "production" && text("prices") == "replay") {
    return "setting prices is 'replay', allowed in production mode: push, off";
  }
  if (text("mode") == "production" && text("jwt_secret").empty() &&
      text("jwt_secret_file").empty()) {
    return "setting jwt_secret is missing, needed in production mode: at least 32 characters, or "
           "jwt_secret_file";
  }
  return std::nullopt;
}

const std::string& Settings::text(std::string_view key) const {
  return values_.find(key)->second.text;
}

int64_t Settings::integer(std::string_view key) const { return *parse_integer(text(key)); }

std::string settings_help() {
  std::string out;
  std::string_view section;
  for (const SettingSpec& spec : setting_specs()) {
    if (section != spec.section) {
      section = spec.section;
      out += fmt::format("\n{}\n", section);
    }
    const bool has_flag = spec.kind != SettingKind::secret;
    out += fmt::format("  {:<28} {}\n  {:<28} {}; default {}\n",
                       has_flag ? flag_name(spec) : variable_name(spec), spec.help, "",
                       allowed_values(spec), shown_default(spec));
  }
  return out;
}

std::string settings_markdown() {
  std::string out =
      "| flag | variable | TOML key | default | allowed | what |\n|---|---|---|---|---|---|\n";
  for (const SettingSpec& spec : setting_specs()) {
    out += fmt::format("| {} | {} | `{}` | {} | {} | {} |\n",
                       spec.kind == SettingKind::secret ? "none" : "`" + flag_name(spec) + "`",
                       shown_variables(spec), spec.key, shown_default(spec), allowed_values(spec),
                       spec.help);
  }
  return out;
}

std::string settings_toml() {
  std::string out =
      "# Perpetua: example configuration. Start with: perpetua serve --config perpetua.toml\n"
      "# Every line is the default; a flag or a PERPETUA_* variable beats the file.\n";
  std::string_view section;
  for (const SettingSpec& spec : setting_specs()) {
    if (section != spec.section) {
      section = spec.section;
      out += fmt::format("\n# --- {} ---\n", section);
    }
    const char* quote = spec.kind == SettingKind::integer ? "" : "\"";
    out += fmt::format("\n# {} ({})\n{}{} = {}{}{}\n", spec.help, allowed_values(spec),
                       spec.default_value[0] == 0 ? "# " : "", spec.key, quote, spec.default_value,
                       quote);
  }
  return out;
}

}  // namespace perpetua::app
