/**
 * A Hono app with an XMPP server in it, on Bun: `bun examples/bun.ts`. Then log in with any XMPP client at
 * ws://127.0.0.1:5280/xmpp-websocket, or over TCP at 127.0.0.1:5222, as romeo@localhost, password "secret", and:
 * `curl -X POST http://127.0.0.1:5280/orders/7/ready`.
 * @module
 */
import { createServer } from "ampact";
import { Hono } from "hono";

const xmpp = createServer({ domains: ["localhost"], store: "sqlite:data/example.db" });
await xmpp.start();
// Clients over TCP, with a self-signed certificate in data/; `certificate`, or the settings tls.cert and tls.key, give another.
await xmpp.listen({ port: Number(process.env.TCP_PORT ?? 5222), tlsPort: Number(process.env.TLS_PORT ?? 5223) });
await xmpp.accounts.add("romeo@localhost", "secret");

const app = new Hono();
app.get("/health", (c) => c.json({ sessions: xmpp.sessionCount }));
app.post("/orders/:id/ready", async (c) => {
  const tomorrow = new Date(Date.now() + 86_400_000);
  const outcome = await xmpp.send({
    from: "shop@localhost",
    to: "romeo@localhost",
    body: `Your order ${c.req.param("id")} is ready`,
    rules: [{ condition: "expire-at", value: tomorrow, action: "drop" }],
  });
  return c.json(outcome);
});
app.route("/", xmpp.app);

process.on("SIGTERM", async () => {
  await xmpp.stop();
  process.exit(0);
});

export default {
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 5280),
  fetch: app.fetch,
  websocket: xmpp.websocket,
};
