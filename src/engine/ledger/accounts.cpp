#include "engine/ledger/accounts.hpp"

namespace perpetua {

void Accounts::save(ByteSink& sink) const {
  write_vector(sink, accounts_);
  write_vector(sink, past_);
  write_value(sink, totals_.deposits);
  write_value(sink, totals_.withdrawals);
  write_value(sink, totals_.fees);
  write_value(sink, totals_.cash);
  write_value(sink, round_);
  write_value(sink, margin_cap_ppm_);
}

bool Accounts::load(ByteSource& source) {
  return read_vector(source, accounts_, uint64_t{limits::kAgentsMax} + 1) && !accounts_.empty() &&
         read_vector(source, past_, accounts_.size()) && past_.size() == accounts_.size() &&
         read_value(source, totals_.deposits) && read_value(source, totals_.withdrawals) &&
         read_value(source, totals_.fees) && read_value(source, totals_.cash) &&
         read_value(source, round_) && read_value(source, margin_cap_ppm_) && margin_cap_ppm_ > 0 &&
         margin_cap_ppm_ <= kPpm;
}

void Accounts::check_invariants() const {
  Int128 cash = 0;
  for (const Account& account : accounts_) {
    PERPETUA_ASSERT(account.free >= Micro(0));
    PERPETUA_ASSERT(account.reserved >= Micro(0));
    PERPETUA_ASSERT(account.position_margin >= Micro(0));
    PERPETUA_ASSERT(account.round <= round_);
    cash += account.collateral().value;
  }
  PERPETUA_ASSERT(cash == totals_.cash);
  PERPETUA_ASSERT(totals_.fees >= Micro(0));
}

}  // namespace perpetua
