#include "stores/sqlite/database.hpp"

#include "base/assert.hpp"

namespace perpetua::stores {

namespace {
constexpr int kBusyTimeoutMs = 5'000;
}

bool Database::open(const std::string& path, OpenMode mode) {
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (mode == OpenMode::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                  : SQLITE_OPEN_READONLY);
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (result != SQLITE_OK) return false;
  sqlite3_extended_result_codes(handle, 1);
  return sqlite3_busy_timeout(handle, kBusyTimeoutMs) == SQLITE_OK;
}

bool Database::execute(const char* sql) {
  return sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

int Database::code() const { return sqlite3_extended_errcode(handle_.get()); }
std::string Database::message() const { return sqlite3_errmsg(handle_.get()); }
int64_t Database::changed_rows() const { return sqlite3_changes64(handle_.get()); }

Statement::Statement(const Database& database, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                     SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
}

Statement& Statement::start() {
  reset();
  parameter_ = 0;
  return *this;
}

void Statement::reset() {
  if (statement_ != nullptr) sqlite3_reset(statement_.get());
}

Statement& Statement::bind(int64_t value) {
  if (statement_ == nullptr) return *this;
  const int result = sqlite3_bind_int64(statement_.get(), ++parameter_, value);
  PERPETUA_ASSERT(result == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_text(std::string_view value) {
  if (statement_ == nullptr) return *this;
  const char* data = value.empty() ? "" : value.data();
  const int result = sqlite3_bind_text64(statement_.get(), ++parameter_, data, value.size(),
                                         SQLITE_TRANSIENT, SQLITE_UTF8);
  PERPETUA_ASSERT(result == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_blob(std::string_view value) {
  if (statement_ == nullptr) return *this;
  const int result = value.empty()
                         ? sqlite3_bind_null(statement_.get(), ++parameter_)
                         : sqlite3_bind_blob64(statement_.get(), ++parameter_, value.data(),
                                               value.size(), SQLITE_TRANSIENT);
  PERPETUA_ASSERT(result == SQLITE_OK);
  return *this;
}

Statement::Step Statement::step() {
  if (statement_ == nullptr) return Step::error;
  column_ = 0;
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return Step::row;
  return result == SQLITE_DONE ? Step::done : Step::error;
}

int64_t Statement::next_int() { return sqlite3_column_int64(statement_.get(), column_++); }

std::string Statement::next_text() {
  const int column = column_++;
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return size == 0 ? std::string() : std::string(data, size);
}

}  // namespace perpetua::stores
