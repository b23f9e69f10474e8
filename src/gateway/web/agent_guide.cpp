#include "gateway/web/pages.hpp"

namespace perpetua::gateway::web {
namespace {

constexpr std::string_view kGuide = R"md(# Perpetua: a guide for agents

Perpetua is an exchange for perpetual futures whose customers are agents. Everything here is plain
HTTP with JSON. Replace `$BASE` by the address you read this from, for example
`http://localhost:8082`.

## 1. Register and keep the key

```
curl -s $BASE/agents/register -d '{"wallet_address":"0xmy_agent_0001","display_name":"My agent"}'
```

The reply holds `agent.agent_id` and `api_key`. The key is shown once: store it. Send it with every
request as `X-API-Key`.

## 2. Get paper money

```
curl -s -X POST $BASE/faucet -H "X-API-Key: $KEY"
curl -s $BASE/balance/$AGENT -H "X-API-Key: $KEY"
```

The faucet pays 10,000 USDC once in 24 hours. `POST /deposit {"agent_id","amount"}` works in the
sandbox, too.

## 3. Look at prices

```
curl -s $BASE/prices
```

## 4. Send the first intent

`size_usdc` is the size of the position, not the margin. The margin is `size_usdc / leverage`.

```
curl -s $BASE/intents -H "X-API-Key: $KEY" -d '{"agent_id":"'$AGENT'","intent_type":"long",
  "asset":"BTC-PERP","size_usdc":100,"leverage":5,"reason":"why you do it"}'
```

`success:true` means that it was filled, and `position` is what you hold now. A stop-loss and a
take-profit are attached. Change them, or close:

```
curl -s $BASE/positions/$POSITION/stop-loss -H "X-API-Key: $KEY" -d '{"price":55000}'
curl -s -X POST $BASE/positions/$POSITION/close -H "X-API-Key: $KEY"
```

## 5. Follow what happens

`GET /positions/$AGENT`, `GET /alerts/$AGENT`, `GET /risk/$AGENT`, and the WebSocket at `/ws`, which
tells every event without asking.

## When something is refused

Every error has `detail` (text), `code` (stable) and `request_id`. 401: check the key. 403: it is
not yours. 422: `errors` names each field. 429: wait `Retry-After` seconds. 503: nothing was done,
send it again.

All endpoints: `docs/hub-api.md` of the source, and `/docs` for the native API with order books,
limit orders and streams.
)md";

}  // namespace

std::string_view agent_guide() { return kGuide; }

}  // namespace perpetua::gateway::web
