/** `outcomes.webhooks` over a real endpoint: what is told, that it is signed, and that a restart loses nothing. */
import { afterAll, expect } from "bun:test";
import { Webhook } from "standardwebhooks";
import { xml } from "../../xmpp/xml/xml.ts";
import { stage } from "../conversation/stage.ts";

const SECRET = `whsec_${Buffer.from("a secret of more than sixteen").toString("base64")}`;
const BODY = "the reactor is hot";

interface Event {
  readonly id: string;
  readonly message: string;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly at: string;
}

/** What came, in its order; what did not verify makes the tests fail. */
const came: Event[] = [];
const refused: string[] = [];
const faults: unknown[] = [];
let isDown = false;
const endpoint = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    const text = await request.text();
    try {
      const event = new Webhook(SECRET).verify(text, Object.fromEntries(request.headers)) as Event;
      expect(request.headers.get("webhook-id")).toBe(event.id);
      expect(text).not.toContain(BODY);
      if (isDown) refused.push(event.id);
      else came.push(event);
    } catch (error) {
      faults.push(error);
    }
    return new Response(null, { status: isDown ? 503 : 204 });
  },
});
afterAll(() => endpoint.stop(true));

const webhooks = [{ url: `${endpoint.url}hook`, secret: SECRET, allow_private: true }];
const scenario = stage({ outcomes: { webhooks }, transports: ["websocket"] });
const lasting = stage({ outcomes: { webhooks }, transports: ["websocket"], onDisk: true });
const messagesOnly = { hears: ["message"] } as const;

async function settledOf(id: string): Promise<readonly Event[]> {
  for (let waited = 0; waited < 600; waited++) {
    const events = came.filter(({ message }) => message === id);
    if (events.some(({ kind }) => kind === "settled")) return events;
    await Bun.sleep(10);
  }
  throw new Error("The webhook is not told of the end");
}

scenario("each step is told, signed, in its order, and without content", async ({ juliet, server }) => {
  const sent = server.app.send({ to: juliet.bare, body: BODY });
  await sent;
  await juliet.online(messagesOnly);
  await juliet.receives(xml`<message type="chat"/>`);
  const events = await settledOf(sent.id);
  expect(events.map(({ kind }) => kind)).toEqual(["accepted", "stored", "offered", "proved", "settled"]);
  expect(new Set(events.map(({ id }) => id)).size).toBe(5);
  expect(events[3]).toMatchObject({ to: juliet.bare, from: server.domain, resource: "balcony", by: "pong" });
  expect(events[4]).toMatchObject({ outcome: { kind: "direct", resource: "balcony" } });
  expect(faults).toEqual([]);
});

lasting(
  "a restart while the endpoint is down misses nothing and keeps the ids",
  { timeoutMs: 20_000 },
  async (cast) => {
    const { juliet, server } = cast;
    isDown = true;
    const sent = server.app.send({ to: juliet.bare, body: BODY });
    await sent;
    for (let waited = 0; refused.length === 0 && waited < 300; waited++) await Bun.sleep(10);
    const [first] = refused;
    await server.restart();
    isDown = false;
    await juliet.online(messagesOnly);
    await juliet.receives(xml`<message type="chat"/>`);
    const events = await settledOf(sent.id);
    expect(events.map(({ kind }) => kind)).toEqual(["accepted", "stored", "offered", "proved", "settled"]);
    expect(events[0]!.id).toBe(first!);
    const { steps } = (await server.app.outcomes.get(sent.id))!;
    expect(events.map(({ at }) => Date.parse(at))).toEqual(steps.map(({ at }) => at));
    const [status] = server.app.webhooks.list();
    expect(status).toMatchObject({ isOn: true });
    const seen = came.length;
    await server.app.webhooks.replay(webhooks[0]!.url, 0);
    for (let waited = 0; came.length < seen + 5 && waited < 300; waited++) await Bun.sleep(10);
    const again = came.slice(seen).filter(({ message }) => message === sent.id);
    expect(again.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(faults).toEqual([]);
  },
);
