// Rows in the text format of COPY FROM STDIN.
//
// Not thread-safe. Text is stored as storable_text() makes it; a blob as bytea.
#pragma once

#include <string>

#include "stores/history/history_source.hpp"

namespace perpetua::stores {

class CopyBuffer final : public ValueSink {
 public:
  CopyBuffer& bind(int64_t value) override;
  CopyBuffer& bind_text(std::string_view value) override;
  CopyBuffer& bind_blob(std::string_view value) override;
  void end_row();

  const std::string& bytes() const { return bytes_; }
  uint64_t rows() const { return rows_; }
  void clear() { bytes_.clear(), rows_ = 0; }

 private:
  void begin_value();

  std::string bytes_;
  uint64_t rows_ = 0;
  bool is_first_ = true;
};

}  // namespace perpetua::stores
