// Parameters of one PostgreSQL statement ($1, $2, ...), owned, in text or binary format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace perpetua::pg {

class Parameters {
 public:
  Parameters& add(int64_t value) { return push(std::to_string(value), false, false); }
  Parameters& add_text(std::string_view value) { return push(std::string(value), false, false); }
  // A bytea: binary format, so nothing is escaped.
  Parameters& add_bytes(std::string_view value) { return push(std::string(value), false, true); }
  Parameters& add_null() { return push({}, true, false); }
  void clear() { values_.clear(); }

  std::size_t size() const { return values_.size(); }
  const char* data(std::size_t index) const {
    return values_[index].is_null ? nullptr : values_[index].bytes.c_str();
  }
  int length(std::size_t index) const { return static_cast<int>(values_[index].bytes.size()); }
  int format(std::size_t index) const { return values_[index].is_binary ? 1 : 0; }

 private:
  struct Value {
    std::string bytes;
    bool is_null = false;
    bool is_binary = false;
  };

  Parameters& push(std::string bytes, bool is_null, bool is_binary) {
    values_.push_back({std::move(bytes), is_null, is_binary});
    return *this;
  }

  std::vector<Value> values_;
};

}  // namespace perpetua::pg
