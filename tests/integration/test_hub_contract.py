#!/usr/bin/python3
"""Every reply of the root API has exactly the promised fields, with their types: names, null or
not, whole numbers, times, ids, words. One small market day makes a row of every kind."""
import json
import re
import unittest

from api_case import until
from hub_case import HubTest

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
ID = re.compile(r"(agent_\d{4,}|(int|match|pos|fee|liq|stl|fund|sig|bet|chat)_[0-9a-f]{12,}|"
                r"key_[0-9a-f]{16}|(alert|viol)_[0-9a-f]{8,})")
PERCENT = re.compile(r"-?\d+(\.\d+)?%")
KINDS = {
    "s": lambda v: isinstance(v, str),
    "n": lambda v: isinstance(v, float),  # written with a point, so whole ones are floats, too
    "i": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "b": lambda v: isinstance(v, bool),
    "t": lambda v: isinstance(v, str) and TIME.fullmatch(v) is not None,
    "id": lambda v: isinstance(v, str) and ID.fullmatch(v) is not None,
    "pct": lambda v: isinstance(v, str) and PERCENT.fullmatch(v) is not None,
    "map": lambda v: isinstance(v, dict),
    "null": lambda v: v is None,
    "none": lambda v: v == [],
}
# name:kind, `?` may be null, `[]` a list of it; a capital names another object; (a|b) are words.
OBJECTS = {
    "Agent": "agent_id:id wallet_address:s created_at:t status:(pending|active|suspended) "
             "twitter_handle:s? twitter_verified:b moltbook_handle:s? total_trades:i "
             "total_volume:n pnl:n reputation_score:n display_name:s? bio:s? verified:b "
             "nonce_created_at:t?",
    "KeyInfo": "key_id:id agent_id:id name:s scopes:s[] created_at:t last_used:t? expires_at:t? "
               "is_active:b",
    "Intent": "intent_id:id agent_id:id intent_type:(long|short) asset:s size_usdc:n leverage:i "
              "max_slippage:n min_counterparty_reputation:n expires_at:t? "
              "status:(open|matched|executed|cancelled|expired) created_at:t matched_with:id? "
              "matched_at:t? execution_price:n? tx_signature:s? source_platform:(trading_hub)",
    "Match": "match_id:id intent_a_id:id intent_b_id:id agent_a_id:id agent_b_id:id asset:s "
             "size_usdc:n price:n created_at:t executed_at:t? tx_signature:s?",
    "Position": "position_id:id agent_id:id vault_id:s? asset:s side:(long|short) "
                "direction:(long|short) size_usdc:n margin:n margin_ratio:n entry_price:n "
                "leverage:i current_price:n unrealized_pnl:n unrealized_pnl_pct:n "
                "realized_pnl:n? liquidation_price:n stop_loss:n? take_profit:n? is_open:b "
                "close_price:n? close_reason:(manual|stop_loss|take_profit|liquidation)? "
                "created_at:t closed_at:t?",
    "Fee": "fee_id:id type:(taker|maker|funding|liquidation) agent_id:id amount_usdc:n "
           "trade_size:n rate:n match_id:id? created_at:t",
    "Price": "asset:s price:n change_24h:n volume_24h:n timestamp:t source:s last_update:t "
             "mark_price:n index_price:n",
    "Balance": "agent_id:id balance:n total:n locked:n available:n margin_used:n",
    "Settlement": "settlement_id:id type:(internal|onchain|multisig|deposit|withdraw) "
                  "from_agent:s to_agent:s amount_usdc:n fee_usdc:n tx_hash:s? chain:s? "
                  "status:(pending|confirming|settled|failed) created_at:t",
    "Liquidation": "liquidation_id:id position_id:id agent_id:id asset:s side:(long|short) "
                   "size_usdc:n entry_price:n liquidation_price:n mark_price:n pnl:n "
                   "margin_remaining:n liquidation_fee:n status:(pending|executed|failed) "
                   "created_at:t executed_at:t?",
    "RiskLimits": "agent_id:id max_position_size:n max_total_exposure:n max_leverage:i "
                  "max_daily_loss:n max_daily_loss_pct:n max_drawdown_pct:n "
                  "max_trades_per_hour:i max_trades_per_day:i is_enabled:b",
    "Alert": "alert_id:id type:(liquidation_warning|stop_loss_triggered|take_profit_triggered|"
             "daily_loss_limit) message:s severity:(info|warning|critical) created_at:t "
             "acknowledged:b",
    "Violation": "violation_id:id agent_id:id type:s message:s severity:(info|warning|critical) "
                 "value:n limit:n timestamp:t",
    "Thought": "type:(trade) action:s size:n leverage:i reason:s timestamp:t intent_id:id",
    "FeedThought": "type:(trade) action:s size:n leverage:i reason:s timestamp:t intent_id:id "
                   "agent_id:id",
    "Rate": "asset:s rate:n rate_pct:pct timestamp:t next_settlement:t",
    "Signal": "signal_id:id creator_id:id asset:s "
              "signal_type:(price_above|price_below|price_change) target_value:n "
              "stake_amount:n expires_at:t status:(open|matched|settled|cancelled) fader_id:id? "
              "matched_at:t? settlement_price:n? winner_id:id? payout:n? description:s",
    "Bet": "bet_id:id signal_id:id creator_id:id fader_id:id asset:s target_value:n "
           "stake_per_side:n total_pot:n expires_at:t status:(pending|settled)",
    "Count": "count:i total:n",
    "Volume": "count:i volume:n",
    "FeeTypes": "taker:Count maker:Count funding:Count liquidation:Count",
    "FeeRates": "taker_rate:pct maker_rate:pct liquidation_rate:pct",
    "Fees": "total_collected:n treasury_balance:n by_type:FeeTypes config:FeeRates",
    "IntentFees": "protocol_fee:n taker_rate:pct maker_rate:pct records:Fee[]",
    "Routing": "total_size:n internal_filled:n external_filled:n internal_rate:pct fee_saved:n "
               "total_fee:n",
    "Candle": "timestamp:i open:n high:n low:n close:n volume:n",
    "Found": "agent_id:id name:s description:s specialties:s[] reputation:n total_trades:i "
             "win_rate:n online:b",
    "PnlPosition": "match_id:id agent_id:id asset:s direction:(long|short) size_usdc:n "
                   "entry_price:n current_price:n leverage:i notional_value:n unrealized_pnl:n "
                   "unrealized_pnl_pct:n liquidation_price:n",
    "PnlDay": "date:s asset:s pnl:n side:(long|short)",
    "Leader": "agent_id:id display_name:s? total_pnl:n total_exposure:n position_count:i "
              "reputation_score:n",
    "LiquidationStats": "total_liquidations:i executed:i failed:i total_fees_collected:n "
                        "fee_rate:pct maintenance_margin:pct",
    "Breakdown": "exposure:n daily_loss:n drawdown:n leverage:n",
    "Predicted": "asset:s side:(long|short) size:n rate:pct predicted_payment:n",
    "ByType": "internal:Volume onchain:Volume deposit:Volume withdraw:Volume",
    "Auth": "agent_id:id scopes:s[] authenticated_at:t",
    "ChatMessage": "id:id sender_id:id sender_name:s content:s message_type:s timestamp:t",
    "ChannelMessage": "id:id sender_id:id sender_name:s channel:s message_type:s content:s "
                      "metadata:map created_at:t",
    "ChatThought": "id:id agent_id:id agent_name:s thought:s metadata:map timestamp:t",
    "Checks": "engine:s storage:s prices:s",
    "Parsed": "action:s market:s? size:n? leverage:i price:n? confidence:n raw_command:s",
    "Closed": "entry_price:n exit_price:n realized_pnl:n size_usdc:n",
    "RuntimeConfig": "heartbeat_interval:i markets:s[] strategy:s take_profit:n? stop_loss:n? "
                     "default_leverage:i max_open_positions:i signal_sources:s[]",
    "RuntimeShown": "heartbeat_interval:i markets:s[] strategy:s",
}


def faults(value, kind, place):
    """What differs from the kind, one line each."""
    if kind.endswith("?"):
        return [] if value is None else faults(value, kind[:-1], place)
    if kind.endswith("[]"):
        if not isinstance(value, list):
            return [f"{place}: no list: {value}"]
        return [line for n, row in enumerate(value)
                for line in faults(row, kind[:-2], f"{place}[{n}]")]
    if kind.startswith("("):
        return [] if value in kind[1:-1].split("|") else [f"{place}: {value!r}"]
    if kind[0].islower():
        return [] if KINDS[kind](value) else [f"{place}: {value!r} is no {kind}"]
    return object_faults(value, OBJECTS[kind], place)


def object_faults(value, fields, place):
    if not isinstance(value, dict):
        return [f"{place}: no object: {value}"]
    wanted = dict(field.split(":", 1) for field in fields.split())
    lines = [f"{place}.{name}: missing" for name in wanted.keys() - value.keys()]
    lines += [f"{place}.{name}: not promised" for name in value.keys() - wanted.keys()]
    return lines + [line for name in wanted.keys() & value.keys()
                    for line in faults(value[name], wanted[name], f"{place}.{name}")]


class Contract(HubTest):
    @classmethod
    def push_prices(cls, **prices):
        super().push_prices(**(prices or {"BTC": "60000", "ETH": "3000"}))

    def check(self, reply, fields):
        body = self.ok(reply)
        self.assertEqual(object_faults(body, fields, "body"), [], reply)
        self.assertNotRegex(reply.text, r"[:,\[]-?[0-9.]+[eE]")
        return body

    def trade(self):
        """A position, a resting intent, a close, a stop, a violation and a liquidation."""
        maker, buyer = self.agent(100_000), self.agent(100_000)
        taker, loser = self.agent(), self.agent()
        self.quote(maker, "sell", "60000", "0.1")
        reply = "success:b intent:Intent routing:Routing fees:IntentFees " \
                "internal_match:Match external_fills:none position:Position"
        self.check(self.intend(taker, reason="a reason"), reply)
        self.check(self.intend(taker, limit_price=59000),
                   reply.replace("Match", "null").replace("n:Position", "n:Position?"))
        opened = self.ok(self.intend(loser, leverage=20))["position"]
        self.stop(loser, opened, 50000)
        self.refused(self.intend(taker, size_usdc=900_000), 422, "limit_exceeded")
        self.ok(maker.post("/api/v1/orders/cancel-all"))
        self.quote(buyer, "buy", "57600", "0.05")
        return taker, loser, buyer

    def stop(self, agent, position, price):
        return self.check(agent.post(f"/positions/{position['position_id']}/stop-loss",
                                     {"price": price}), "success:b position:Position")["position"]

    def fall(self, loser):
        for price in ("59400", "58806", "58300", "58000"):
            self.push_prices(BTC=price)
        until(lambda: [row for row in self.ok(self.guest.get("/liquidations"))["recent"]
                       if row["agent_id"] == loser.agent_id], "a liquidation")

    def test_every_reply(self):
        taker, loser, buyer = self.trade()
        self.fall(loser)
        position = self.position(taker)
        self.stop(taker, position, 57000)
        path = f"/positions/{position['position_id']}"
        self.check(taker.post(path + "/take-profit", {"price": 70000}),
                   "success:b position:Position")
        self.check(taker.get(path + "/health"),
                   "position_id:id health_ratio:n health_status:(danger|warning|safe) "
                   "current_price:n liquidation_price:n distance_to_liquidation:pct "
                   "will_liquidate:b")
        self.read_trading(taker, loser)
        mark = self.ok(self.guest.get("/prices/BTC"))["price"]
        self.quote(buyer, "buy", str(mark), "0.05")
        self.check(taker.post(path + "/close"),
                   "success:b position_id:id position:Position result:Closed close_price:n pnl:n")
        rows = self.check(taker.get(f"/positions/{taker.agent_id}?include_closed=on"),
                          "agent_id:id positions:Position[] total:i")["positions"]
        self.assertEqual([row["is_open"] for row in rows], [False])
        pnl = self.ok(self.guest.get(f"/pnl/{taker.agent_id}"))
        self.assertEqual(faults(pnl["history"], "PnlDay[]", "history"), [])
        self.assertTrue(pnl["history"])

    def read_trading(self, taker, loser):
        own = taker.agent_id
        for who, path, fields in (
                (taker, f"/positions/{own}", "agent_id:id positions:Position[] total:i"),
                (taker, f"/portfolio/{own}", "agent_id:id open_positions:i total_size:n "
                 "total_margin:n unrealized_pnl:n daily_pnl:n positions:Position[]"),
                (taker, f"/risk/{own}", "agent_id:id overall_score:n "
                 "level:(low|medium|high|critical) breakdown:Breakdown"),
                (taker, f"/risk/{own}/limits", OBJECTS["RiskLimits"]),
                (taker, f"/balance/{own}", OBJECTS["Balance"]),
                (self.guest, "/health", "status:(ok|degraded) checks:Checks"),
                (self.guest, "/api", "service:s version:s"),
                (self.guest, "/prices/eth", OBJECTS["Price"]),
                (self.guest, "/stats", "total_agents:i active_agents:i total_intents:i "
                 "open_intents:i total_matches:i total_volume:n external_routed:i "
                 "external_volume:n external_fees:n internal_match_rate:pct fee_saved_total:n "
                 "protocol_fees:Fees"),
                (self.guest, "/fees", OBJECTS["Fees"]),
                (self.guest, f"/agents/{own}", OBJECTS["Agent"] + " open_positions:Position[] "
                 "open_position_count:i balance:n balance_locked:n balance_total:n"),
                (self.guest, "/intents/stats", "total_intents:i open:i filled:i cancelled:i "
                 "total_volume_usdc:n by_asset:map"),
                (self.guest, "/liquidations/stats", OBJECTS["LiquidationStats"]),
                (self.guest, "/funding/BTC", OBJECTS["Rate"]),
                (self.guest, f"/funding/predict/{own}", "agent_id:id next_settlement:t "
                 "total_predicted:n positions:Predicted[]"),
                (self.guest, "/vault/info", "vault_address:s network:s usdc_mint:s "
                 "simulation_mode:b max_withdraw:n withdraw_cooldown_seconds:i"),
                (self.guest, f"/pnl/{own}", "agent_id:id positions:PnlPosition[] realized_pnl:n "
                 "total_unrealized_pnl:n total_pnl:n total_exposure:n total_margin:n "
                 "average_leverage:n position_count:i win_rate:n history:PnlDay[]")):
            self.check(who.get(path), fields)
        for name, price in self.ok(self.guest.get("/prices"))["prices"].items():
            self.assertNotIn("-", name)
            self.assertEqual(faults(price, "Price", name), [])
        for who, path, rows, fields in (
                (self.guest, "/candles/BTC?interval=1m", "candles",
                 "asset:(BTC-PERP) interval:(1m) count:i candles:Candle[]"),
                (self.guest, "/agents?limit=500", "agents", "agents:Agent[]"),
                (self.guest, "/agents/discover", "agents",
                 "agents:Found[] count:i offset:i limit:i total:i"),
                (self.guest, "/leaderboard", "leaderboard", "leaderboard:Agent[]"),
                (self.guest, "/pnl-leaderboard", "leaderboard", "leaderboard:Leader[]"),
                (self.guest, "/intents", "intents", "intents:Intent[]"),
                (self.guest, "/intents?status=ALL", "intents", "intents:Intent[]"),
                (self.guest, "/matches", "matches", "matches:Match[]"),
                (self.guest, f"/fees/{own}", "records", "agent_id:id total_paid:n records:Fee[]"),
                (self.guest, "/liquidations", "recent",
                 "stats:LiquidationStats recent:Liquidation[]"),
                (self.guest, f"/agents/{own}/thoughts", "thoughts",
                 "agent_id:id thoughts:Thought[]"),
                (self.guest, "/thoughts/feed", "thoughts", "thoughts:FeedThought[]"),
                (loser, f"/alerts/{loser.agent_id}", "alerts", "agent_id:id alerts:Alert[]"),
                (taker, f"/risk/{own}/violations", "violations", "violations:Violation[]")):
            self.assertTrue(until(lambda: self.check(who.get(path), fields)[rows], path), path)

    def test_every_reply_about_money_and_keys(self):
        agent, other = self.agent(), self.agent(0)
        own = {"agent_id": agent.agent_id}
        moved = "success:b new_balance:n balance:Balance"
        key = self.check(agent.post("/auth/keys", {"expires_in_days": 3}),
                         "success:b api_key:s key_info:KeyInfo warning:s")["key_info"]
        chain = {"amount": 1, "wallet_address": "w" * 20}
        for who, method, path, body, fields in (
                (self.guest, "POST", "/agents/register",
                 {"wallet_address": "0xcontract_1", "bio": "b", "display_name": "n"},
                 "success:b agent:Agent api_key:s api_key_info:KeyInfo claim_url:s"),
                (agent, "POST", "/deposit", {**own, "amount": 5}, moved),
                (agent, "POST", "/withdraw", {**own, "amount": 5}, moved),
                (agent, "GET", "/faucet/status", None, "can_claim:b amount:n"),
                (agent, "POST", "/faucet", None,
                 "success:b message:s new_balance:n mode:(paper_trading) next_claim_in:s"),
                (agent, "GET", "/faucet/status", None,
                 "can_claim:b amount:n cooldown_remaining_seconds:i"),
                (agent, "POST", "/transfer", {"from_agent": agent.agent_id, "amount": "1.5",
                                              "to_agent": other.agent_id},
                 "success:b settlement:Settlement"),
                (self.guest, "GET", "/settlements", None, "settlements:Settlement[]"),
                (self.guest, "GET", "/settlement/stats", None,
                 "total_settlements:i total_volume:n total_fees:n by_type:ByType"),
                (agent, "POST", "/deposit/confirm", {**chain, "tx_signature": "contract-1"},
                 "success:b balance:Balance tx_hash:s mode:(lite)"),
                (agent, "POST", "/withdraw/onchain", chain,
                 "success:b tx_hash:s balance:Balance mode:(lite)"),
                (agent, "GET", "/auth/keys", None, "keys:KeyInfo[]"),
                (agent, "DELETE", f"/auth/keys/{key['key_id']}", None, "success:b message:s"),
                (agent, "GET", "/auth/me", None, "agent:Agent auth:Auth"),
                (agent, "GET", "/me", None, OBJECTS["Agent"] + " agent:Agent"),
                (agent, "POST", f"/risk/{agent.agent_id}/limits", {"max_leverage": "3"},
                 "success:b limits:RiskLimits")):
            self.check(who.request(method, path, body), fields)

    def test_every_reply_about_words_and_signals(self):
        agent, other = self.agent(), self.agent()
        sent = {"from": agent, "to_agent": other.agent_id, "msg_type": "chat"}
        runtime = f"/runtime/agents/{agent.agent_id}"
        signal = self.check(agent.post("/signals", {
            "agent_id": agent.agent_id, "asset": "BTC", "signal_type": "price_change",
            "target_value": 2, "stake_amount": 3}), "success:b signal:Signal")["signal"]
        named = f"/signals/{signal['signal_id']}"
        for who, method, path, body, fields in (
                (agent, "POST", "/chat/send", {"content": "hi"}, "success:b message:ChatMessage"),
                (agent, "POST", "/chat/thought", {"content": "hm"}, "success:b message_id:id"),
                (agent, "POST", "/chat/signal", {"asset": "BTC", "direction": "long",
                                                 "confidence": 1, "rationale": "r"},
                 "success:b message_id:id"),
                (agent, "POST", "/a2a/send", {**sent, "from": 1, "payload": {"content": "c"}},
                 "success:b message_id:id msg_type:(chat) validated:b"),
                (other, "GET", "/chat/messages?channel=private", None,
                 "messages:ChannelMessage[]"),
                (self.guest, "GET", "/chat/messages", None, "messages:ChannelMessage[]"),
                (self.guest, "GET", "/chat/thoughts", None, "thoughts:ChatThought[]"),
                (self.guest, "GET", f"/rate-limit/{agent.agent_id}", None,
                 "agent_id:id requests_1s:i requests_1m:i requests_1h:i violations:i banned:b "
                 "banned_until:t?"),
                (self.guest, "GET", "/signals/open", None, "signals:Signal[]"),
                (other, "POST", named + "/fade", None, "success:b bet:Bet message:s"),
                (self.guest, "GET", named, None, OBJECTS["Signal"]),
                (self.guest, "GET", "/signals?status=all", None, "signals:Signal[]"),
                (self.guest, "GET", "/betting/stats", None,
                 "total_signals:i total_bets:i total_volume:n protocol_fees:n open_signals:i "
                 "pending_bets:i internal_match_rate:pct"),
                (self.guest, "GET", f"/agents/{agent.agent_id}/betting", None,
                 "wins:i losses:i win_rate:n total_wagered:n total_won:n net_pnl:n"),
                (agent, "POST", runtime + "/start", None,
                 "success:b message:s config:RuntimeConfig"),
                (agent, "POST", runtime + "/stop", None, "success:b message:s"),
                (self.guest, "GET", runtime + "/status", None,
                 "agent_id:id state:(dormant|active|thinking|executing|stopped) "
                 "config:RuntimeShown is_running:b"),
                (self.guest, "POST", "/intents/parse", {"text": "buy"}, "parsed:Parsed")):
            self.check(who.request(method, path, body), fields)


if __name__ == "__main__":
    unittest.main()
