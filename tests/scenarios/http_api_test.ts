/** The HTTP API beside real clients: sent, asked for, followed. */
import { expect } from "bun:test";
import { xml } from "../../xmpp/xml/xml.ts";
import type { Cast } from "../conversation/cast.ts";
import { stage } from "../conversation/stage.ts";
import { ApiClient, type StreamEvent } from "../server/api/api_client.ts";

const options = { amp: { presencePolicy: "open" }, transports: ["websocket"] } as const;
const scenario = stage(options);
const lasting = stage({ ...options, onDisk: true });
const untracked = stage({ ...options, outcomes: { track: "none" } });
const messagesOnly = { hears: ["message"] } as const;

function clientOf({ server }: Cast): Promise<ApiClient> {
  return ApiClient.withToken(server.app, server.address.httpPort);
}

function kinds(events: readonly StreamEvent[]): string[] {
  return events.map(({ step }) => step.kind);
}

const isSettled =
  (id: string) =>
  ({ step }: StreamEvent): boolean =>
    step.message === id && step.kind === "settled";

scenario("a message is on its way with 202, and its timeline goes on after that", async (cast) => {
  const { juliet } = cast;
  const api = await clientOf(cast);
  const sent = await api.post("/messages", { from: "orders@localhost", to: juliet.bare, body: "invoice 7" });
  expect(sent).toMatchObject({ status: 202, body: { accepted: true } });
  const path = `/messages/${sent.body.id}`;
  expect(sent.headers.get("location")).toBe(`/api${path}`);
  const waiting = await api.get(path);
  expect(waiting).toMatchObject({ status: 200, body: { from: "orders@localhost", to: juliet.bare } });
  expect(waiting.body.steps.map((step: { kind: string }) => step.kind)).toEqual(["accepted", "stored"]);
  expect(waiting.body).not.toHaveProperty("outcome");
  await juliet.online(messagesOnly);
  await juliet.receives(xml`<message type="chat"><body>invoice 7</body></message>`);
  await cast.settled();
  const settled = await api.get(path);
  expect(settled.body.outcome).toEqual({ kind: "direct", resource: "balcony" });
  expect(new Date(settled.body.at).toISOString()).toBe(settled.body.at);
  expect(JSON.stringify(settled.body)).not.toContain("invoice 7");
});

scenario("Prefer: wait=N waits for the first outcome", async (cast) => {
  const { juliet } = cast;
  const api = await clientOf(cast);
  await juliet.online(messagesOnly);
  const headers = { prefer: "respond-async, wait=10" };
  const sent = await api.post("/messages", { to: juliet.bare, type: "headline", body: "hi" }, headers);
  expect(sent).toMatchObject({ status: 200, body: { outcome: { kind: "direct", resource: "balcony" } } });
  expect(sent.headers.get("preference-applied")).toBe("wait=10");
  await juliet.receives(xml`<message type="headline"><body>hi</body></message>`);
});

scenario("a rule is carried out, and the outcome names it", async (cast) => {
  const { juliet } = cast;
  const api = await clientOf(cast);
  const rules = [{ condition: "deliver", value: "stored", action: "drop" }];
  const sent = await api.post("/messages", { to: juliet.bare, body: "hi", rules }, { prefer: "wait=10" });
  expect(sent).toMatchObject({ status: 200, body: { outcome: { kind: "dropped", rule: rules[0] } } });
  expect(await api.post("/explain", { to: juliet.bare, body: "hi", rules })).toMatchObject({
    status: 200,
    body: { action: "drop", rules: [{ state: "met" }], outcome: { kind: "dropped" } },
  });
  await juliet.online(messagesOnly);
  await juliet.receivesNothing();
});

lasting("an Idempotency-Key sends once, over a restart, and refuses another message", async (cast) => {
  const { juliet, server } = cast;
  const before = await clientOf(cast);
  const message = { to: juliet.bare, body: "invoice 8" };
  const headers = { "idempotency-key": '"invoice 8"' };
  const sent = await before.post("/messages", message, headers);
  expect(sent.status).toBe(202);
  await server.restart();
  const api = new ApiClient(`http://127.0.0.1:${server.address.httpPort}/api`, before.token);
  const again = await api.post("/messages", message, { "idempotency-key": "invoice 8", prefer: "wait=5" });
  expect(again).toMatchObject({ status: 200, body: { id: sent.body.id, outcome: { kind: "stored" } } });
  expect(await api.post("/messages", { ...message, body: "invoice 9" }, headers)).toMatchObject({
    status: 409,
    body: { type: "urn:ampact:problem:key-conflict" },
  });
  await juliet.online(messagesOnly);
  await juliet.receives(xml`<message type="chat"><body>invoice 8</body></message>`);
  await juliet.receivesNothing();
});

scenario("outcomes are listed in pages", async (cast) => {
  const { juliet } = cast;
  const api = await clientOf(cast);
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push((await api.post("/messages", { to: juliet.bare, body: String(i) })).body.id);
  const found: string[] = [];
  let cursor = "";
  do {
    const { status, body } = await api.get(`/outcomes?to=${juliet.bare}/x&kind=waiting&limit=2${cursor}`);
    expect(status).toBe(200);
    found.push(...body.messages.map(({ id }: { id: string }) => id));
    cursor = body.next === undefined ? "" : `&cursor=${encodeURIComponent(body.next)}`;
  } while (cursor !== "");
  expect(found).toEqual(ids.toReversed());
  const since = new Date(Date.now() + 60_000).toISOString();
  expect((await api.get(`/outcomes?to=${juliet.bare}&since=${since}`)).body).toEqual({ messages: [] });
});

lasting("a stream that is resumed by Last-Event-ID misses nothing across a restart", async (cast) => {
  const { juliet, server } = cast;
  const before = await clientOf(cast);
  const stream = await before.open("/outcomes/stream");
  expect(stream.response.headers.get("content-type")).toBe("text/event-stream");
  const { id } = (await before.post("/messages", { to: juliet.bare, body: "hi" })).body;
  const first = await stream.until(({ step }) => step.message === id && step.kind === "accepted");
  await server.restart();
  await juliet.online(messagesOnly);
  await juliet.receives(xml`<message type="chat"><body>hi</body></message>`);
  const api = new ApiClient(`http://127.0.0.1:${server.address.httpPort}/api`, before.token);
  const resumed = await api.open("/outcomes/stream", { "last-event-id": first.at(-1)!.id });
  const rest = await resumed.until(isSettled(id));
  const ours = [...first, ...rest].filter(({ step }) => step.message === id);
  const timeline = (await api.get(`/messages/${id}`)).body;
  const sides = { sender: timeline.from, recipient: timeline.to };
  expect(ours.map(({ step }) => step)).toEqual(timeline.steps.map((step: object) => ({ ...step, ...sides })));
  expect(kinds(ours)).toEqual(["accepted", "stored", "offered", "proved", "settled"]);
  for (const { id: event, step } of ours) expect(step.cursor).toBe(event);
  resumed.close();
  const asked = await api.open(`/outcomes/stream?after=${encodeURIComponent(first.at(-1)!.id)}`);
  expect(await asked.next()).toEqual(rest[0]);
  asked.close();
});

scenario("a stream ends with the server, and gives its place back", async (cast) => {
  const api = await clientOf(cast);
  const stream = await api.open("/outcomes/stream");
  const end = stream.until(() => false).catch(() => "ended");
  await cast.server.restart();
  expect(await end).toBe("ended");
});

untracked("without timelines a message has an outcome, and a key is refused", async (cast) => {
  const { juliet } = cast;
  const api = await clientOf(cast);
  await juliet.online(messagesOnly);
  const message = { to: juliet.bare, body: "hi" };
  expect(await api.post("/messages", message)).toMatchObject({ status: 202, body: { accepted: true } });
  expect(await api.post("/messages", message, { prefer: "wait=9" })).toMatchObject({ status: 200 });
  expect(await api.post("/messages", message, { "idempotency-key": "k" })).toMatchObject({ status: 422 });
  for (let i = 0; i < 2; i++) await juliet.receives(xml`<message type="chat"><body>hi</body></message>`);
});
