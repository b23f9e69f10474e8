// OFS1: recorded order flow for order books, with the result every correct book must reach.
//
// A file is a header of 128 bytes and then 32-byte records, little endian:
//
//   header   0 "OFS1" | 4 version u32 = 1 | 8 records u64 | 16 prefill u64 | 24 order_id_max u64
//           32 price_min i64 | 40 price_max i64 | 48 seed u32 | 52 users u32
//           56 trades u64 | 64 traded_lots u64 | 72 trade_hash u64 | 80 resting u64
//           88 resting_lots u64 | 96 best_bid i64 | 104 best_ask i64 | 112 levels u64
//           120 zero u64
//   record   0 order_id u64 | 8 price i64 | 16 lots u32 | 20 kind u8 | 21 side u8 | 22 zero u16
//           24 user u64
//
// Order ids are dense, 1.. in order of arrival; a cancel names an order that rests at that point,
// its side included. Price is 0 for market orders and cancels, lots is 0 for cancels. The first
// `prefill` records build the book without a trade and are not timed. Fields 56..119 are the
// result after all records: price-time priority, fills at the maker's price, self-trades allowed.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace perpetua::bench {

enum class FlowKind : uint8_t { limit = 0, cancel = 1, market = 2, ioc = 3 };

struct FlowRecord {
  uint64_t order_id = 0;
  int64_t price = 0;
  uint32_t lots = 0;
  FlowKind kind = FlowKind::limit;
  uint8_t side = 0;  // 0 buy, 1 sell
  uint16_t zero = 0;
  uint64_t user = 0;
};
static_assert(sizeof(FlowRecord) == 32 && std::has_unique_object_representations_v<FlowRecord>);

// The state a replay ends in.
struct FlowResult {
  uint64_t trades = 0;
  uint64_t traded_lots = 0;
  uint64_t trade_hash = 0;
  uint64_t resting = 0;
  uint64_t resting_lots = 0;
  int64_t best_bid = 0;  // 0: none
  int64_t best_ask = 0;
  uint64_t levels = 0;

  bool operator==(const FlowResult&) const = default;

  // Order-sensitive fold over all trades.
  void add_trade(uint64_t taker, uint64_t maker, uint64_t price, uint64_t lots) {
    ++trades;
    traded_lots += lots;
    uint64_t hash = trade_hash;
    hash ^= taker * 0x9E3779B97F4A7C15ull + maker;
    hash *= 0xD6E8FEB86659FD93ull;
    hash ^= hash >> 32;
    hash ^= (price << 24) + lots;
    hash *= 0xCA5A826395121157ull;
    trade_hash = hash ^ hash >> 29;
  }

  // "" if both agree, else the first field that differs with both values.
  std::string first_difference(const FlowResult& expected) const {
    const struct {
      const char* name;
      uint64_t actual;
      uint64_t expected;
    } fields[] = {
        {"trades", trades, expected.trades},
        {"traded lots", traded_lots, expected.traded_lots},
        {"trade hash", trade_hash, expected.trade_hash},
        {"resting orders", resting, expected.resting},
        {"resting lots", resting_lots, expected.resting_lots},
        {"best bid", static_cast<uint64_t>(best_bid), static_cast<uint64_t>(expected.best_bid)},
        {"best ask", static_cast<uint64_t>(best_ask), static_cast<uint64_t>(expected.best_ask)},
        {"levels", levels, expected.levels},
    };
    for (const auto& field : fields) {
      if (field.actual == field.expected) continue;
      return std::string(field.name) + " " + std::to_string(field.actual) + ", expected " +
             std::to_string(field.expected);
    }
    return "";
  }
};

struct FlowHeader {
  char magic[4] = {'O', 'F', 'S', '1'};
  uint32_t version = 1;
  uint64_t records = 0;
  uint64_t prefill = 0;
  uint64_t order_id_max = 0;
  int64_t price_min = 0;
  int64_t price_max = 0;
  uint32_t seed = 0;
  uint32_t users = 0;
  FlowResult expected;
  uint64_t zero = 0;
};
static_assert(sizeof(FlowHeader) == 128 && std::has_unique_object_representations_v<FlowHeader>);

struct OrderFlow {
  FlowHeader header;
  std::vector<FlowRecord> records;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// "" or what is wrong with the record as the `index`-th of the flow.
inline std::string record_fault(const OrderFlow& flow, uint64_t index, uint64_t& newest) {
  const FlowRecord& record = flow.records[index];
  if (record.kind > FlowKind::ioc || record.side > 1) return "unknown kind or side";
  if (record.kind == FlowKind::cancel) {
    return record.order_id >= 1 && record.order_id <= newest ? "" : "cancel of an unknown order";
  }
  if (record.order_id != ++newest) return "order ids are not dense";
  const bool priced = record.kind != FlowKind::market;
  if (record.lots == 0 || (record.price > 0) != priced) return "no lots, or a wrong price";
  return "";
}

// Returns "" and the flow, or what is wrong with the file.
inline std::string load_order_flow(const std::string& path, OrderFlow& flow) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return path + ": cannot be opened";
  FlowHeader& header = flow.header;
  if (std::fread(&header, sizeof header, 1, file.get()) != 1) return path + ": header is short";
  if (std::memcmp(header.magic, "OFS1", 4) != 0 || header.version != 1) {
    return path + ": not an OFS1 file of version 1";
  }
  if (header.records > 1u << 28 || header.prefill > header.records ||
      header.order_id_max >= 1u << 28) {
    return path + ": header is out of range";
  }
  flow.records.resize(header.records);
  if (std::fread(flow.records.data(), sizeof(FlowRecord), header.records, file.get()) !=
      header.records) {
    return path + ": records are short";
  }
  uint64_t newest = 0;
  for (uint64_t i = 0; i < header.records; ++i) {
    const std::string fault = record_fault(flow, i, newest);
    if (!fault.empty()) return path + ": record " + std::to_string(i) + ": " + fault;
  }
  return newest == header.order_id_max ? "" : path + ": order_id_max is not the last id";
}

inline bool save_order_flow(const std::string& path, const OrderFlow& flow) {
  const File file(std::fopen(path.c_str(), "wb"));
  return file != nullptr && std::fwrite(&flow.header, sizeof(FlowHeader), 1, file.get()) == 1 &&
         std::fwrite(flow.records.data(), sizeof(FlowRecord), flow.records.size(), file.get()) ==
             flow.records.size() &&
         std::fflush(file.get()) == 0;
}

}  // namespace perpetua::bench
