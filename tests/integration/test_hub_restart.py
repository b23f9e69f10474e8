"""What the root API has acknowledged survives kill -9: alerts seen, refusals, old intents."""
import unittest

from hub_case import HubTest


class HubRestart(HubTest):
    settings = {"snapshot_every": 5}  # what happened lies before a snapshot

    def trigger_stop(self, taker, maker, buyer):
        """A long whose stop-loss fires."""
        self.quote(maker, "sell", "60000", "0.1")
        self.ok(self.intend(taker, stop_loss=59800, take_profit=80000))
        self.ok(maker.post("/api/v1/orders/cancel-all"))
        self.quote(buyer, "buy", "59700", "0.1")
        self.push_prices(BTC="59750")
        alerts = self.alerts(taker)
        self.assertEqual(alerts[0]["type"], "stop_loss_triggered")
        self.ok(buyer.post("/api/v1/orders/cancel-all"))
        self.settle_prices()
        return alerts[0]

    def alerts(self, agent):
        return self.ok(agent.get(f"/alerts/{agent.agent_id}"))["alerts"]

    def view(self, agent):
        return {path: self.ok(agent.get(path)) for path in (
            f"/alerts/{agent.agent_id}", f"/risk/{agent.agent_id}/violations",
            "/chat/messages?channel=private", "/settlements", "/matches")}

    def kill(self, clients):
        for client in clients:
            client.close()
        self.exchange.kill()
        self.exchange.start()

    def test_acknowledged_alerts_and_refusals(self):
        maker, taker, other = self.agent(100_000), self.agent(), self.agent(100_000)
        seen = self.trigger_stop(taker, maker, other)
        kept = self.trigger_stop(taker, maker, other)
        self.ok(taker.post(f"/alerts/{seen['alert_id']}/ack"))
        self.ok(taker.post(f"/risk/{taker.agent_id}/limits", {"max_leverage": 2}))
        self.refused(self.intend(taker, leverage=3), 422, "limit_exceeded")
        self.refused(self.intend(taker, leverage=4), 422, "limit_exceeded")
        self.ok(taker.post("/chat/send", {"content": "hello", "recipient_id": other.agent_id,
                                          "message_type": "alert"}))
        self.assertEqual(self.alerts(taker), [kept])
        before = self.view(taker)
        rows = before[f"/risk/{taker.agent_id}/violations"]["violations"]
        self.assertEqual([row["value"] for row in rows], [4, 3])
        self.assertEqual(len(before["/chat/messages?channel=private"]["messages"]), 1)
        clients = (maker, taker, other, self.guest, self.operator)
        for _ in range(2):
            self.kill(clients)
            self.push_prices()
            self.assertEqual(self.view(taker), before)
            self.refused(other.post(f"/alerts/{seen['alert_id']}/ack"), 403, "forbidden")
        self.ok(taker.post(f"/alerts/{seen['alert_id']}/ack"))
        self.ok(taker.post(f"/alerts/{kept['alert_id']}/ack"))
        self.kill(clients)
        self.assertEqual(self.alerts(taker), [])


if __name__ == "__main__":
    unittest.main()
