// CRC-32C (Castagnoli, reflected 0x82F63B78), the checksum of journal records and snapshots.
//
// crc32c(data, size) is the standard value ("123456789" gives 0xE3069283); a longer run may be fed
// in pieces: crc32c(b, n, crc32c(a, m)) is the value of a followed by b. Uses the SSE4.2
// instruction where the processor has it (decided at run time), else a table of the same result.
// Thread-safe (pure).
#pragma once

#include <cstddef>
#include <cstdint>

namespace perpetua::journal {

uint32_t crc32c(const void* data, std::size_t size, uint32_t before = 0);

// The portable path, exposed so that a test can hold it against the other.
uint32_t crc32c_table(const void* data, std::size_t size, uint32_t before = 0);
bool crc32c_is_hardware();

}  // namespace perpetua::journal
