// Damaged, missing, foreign and duplicated rows of the journal table: each is refused with its row.
#include <gtest/gtest.h>

#include "journal/postgres/table_test_support.hpp"

namespace perpetua::journal::postgres {
namespace {

using namespace testing;

struct Damage {
  const char* name;
  const char* sql;
  const char* found;
};

class DamagedRowTest : public TableTest, public ::testing::WithParamInterface<Damage> {};
INSTANTIATE_TEST_SUITE_P(
    Each, DamagedRowTest,
    ::testing::Values(
        Damage{"body",
               "UPDATE journal SET body = set_byte(body, 200, get_byte(body, 200) # 1) "
               "WHERE batch_seq = 4",
               "row 4: checksum of the record"},
        Damage{"body_cut",
               "UPDATE journal SET body = substr(body, 1, length(body) - 16) "
               "WHERE batch_seq = 4",
               "row 4: the record is cut off"},
        Damage{"body_longer", "UPDATE journal SET body = body || '\\x00' WHERE batch_seq = 4",
               "row 4: bytes behind the record"},
        Damage{"deleted", "DELETE FROM journal WHERE batch_seq = 4",
               "row 4: missing, but row 5 is there"},
        Damage{"copied_over",
               "UPDATE journal SET body = (SELECT body FROM journal WHERE "
               "batch_seq = 3) WHERE batch_seq = 4",
               "row 4: the record is of another batch"},
        Damage{"copied_behind",
               "INSERT INTO journal SELECT 7, epoch, first_event, command_count, "
               "prev_hash, hash, schema_hash, body FROM journal "
               "WHERE batch_seq = 4",
               "row 7: the record is of another batch"},
        Damage{"column", "UPDATE journal SET first_event = first_event + 1 WHERE batch_seq = 4",
               "row 4: the columns differ from the record"},
        Damage{"hash", "UPDATE journal SET hash = prev_hash WHERE batch_seq = 4",
               "row 4: the column hash differs"},
        Damage{"schema", "UPDATE journal SET schema_hash = hash WHERE batch_seq = 4",
               "row 4: schema hash"},
        Damage{"header",
               "UPDATE journal SET body = set_byte(body, 30, get_byte(body, 30) # 1) "
               "WHERE batch_seq = 0",
               "row 0: checksum of the table's header"},
        Damage{"no_header", "DELETE FROM journal WHERE batch_seq = 0", "row 0 is missing"}),
    [](const auto& test) { return test.param.name; });

TEST_P(DamagedRowTest, is_refused_with_its_row) {
  { TableSession(storage_, url_).append_group(6); }
  run_sql(GetParam().sql);
  const std::string message = refusal(storage_);
  EXPECT_NE(message.find(GetParam().found), std::string::npos) << message;
}

}  // namespace
}  // namespace perpetua::journal::postgres
