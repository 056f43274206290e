/** XEP-0079 3.3.1 `deliver=gateway`: domains behind a function or an HTTP webhook. */
import { afterAll, expect } from "bun:test";
import type { GatewayMessage } from "../../mod.ts";
import { SIGNATURE_HEADER, signature } from "../../server/gateway_webhook.ts";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp, type Parties, reply, whatever } from "../conversation/amp.ts";
import type { Cast } from "../conversation/cast.ts";
import type { Device } from "../conversation/device.ts";
import { stage } from "../conversation/stage.ts";

const SECRET = "a secret of more than sixteen";

/** A real endpoint: what it was sent, and how it answers each address. */
const received: { readonly json: Record<string, string>; readonly isSigned: boolean }[] = [];
const statuses = new Map<string, number[]>();
const endpoint = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    const body = await request.text();
    const json = JSON.parse(body);
    received.push({ json, isSigned: request.headers.get(SIGNATURE_HEADER) === signature(body, SECRET) });
    const status = statuses.get(json.to)?.shift() ?? 200;
    if (status === 0) await new Promise((resolve) => setTimeout(resolve, 3000));
    return new Response(null, { status: status || 200 });
  },
});
afterAll(() => endpoint.stop(true));

const taken: GatewayMessage[] = [];
const scenario = stage({
  gateways: {
    "sms.example.org": { url: `${endpoint.url}hook`, secret: SECRET, timeout_seconds: 1 },
    "fax.example.org": (message) => {
      taken.push(message);
      if (message.body === "thrown" && message.attempt === 1) throw new Error("Cannot dial: line busy");
      return message.body === "refused" ? "refused" : "accepted";
    },
  },
});

const messagesOnly = { hears: ["message"] } as const;
const message = (to: string, rules?: Markup, body = "Hi") =>
  xml`<message to="${to}" id="m1" type="chat"><body>${body}</body>${rules}</message>`;
const parties = ({ romeo, server }: Cast, to: string): Parties => ({
  domain: domainOf(to) ?? server.domain,
  from: romeo.full,
  to,
});
const domainOf = (to: string) => to.split("@")[1];
const unavailable = (from: string) => xml`
  <message type="error" from="${from}" id="m1"><error type="cancel" code="503"><service-unavailable xmlns="${NS.STANZAS}"/></error></message>`;
let numbers = 0;
const number = (domain = "sms.example.org") => `+49${++numbers}${Math.random().toString(36).slice(2, 6)}@${domain}`;
const sentTo = (to: string) => received.filter(({ json }) => json.to === to);

async function archived(device: Device): Promise<number> {
  await device.asks(xml`<iq type="set"><query xmlns="${NS.MAM}"/></iq>`);
  return device.drops().length;
}

scenario("3.3.1 gateway: a webhook takes it: signed JSON; the sender learns when it has answered", async (cast) => {
  const { romeo } = cast;
  const to = number();
  await romeo.online(messagesOnly);
  romeo.sends(message(to, whatever("notify")));
  await romeo.receives(reply("deliver gateway notify", parties(cast, to))!, { exact: true });
  const [hit] = sentTo(to);
  expect(hit?.isSigned).toBe(true);
  expect(hit?.json).toMatchObject({ from: romeo.full, to, type: "chat", body: "Hi", attempt: 1 });
  expect(hit?.json.stanza).not.toContain(NS.AMP);
  expect(await archived(romeo)).toBe(1);
});

for (const action of ["drop", "alert", "error"]) {
  scenario(`3.3.1 gateway: ${action} takes its place`, async (cast) => {
    const { romeo } = cast;
    const to = number();
    await romeo.online(messagesOnly);
    romeo.sends(message(to, amp(`deliver gateway ${action}`)));
    const event = reply(`deliver gateway ${action}`, parties(cast, to));
    await romeo.hasReceived(event === undefined ? [] : [event], { exact: true });
    expect(sentTo(to)).toEqual([]);
  });
}

scenario("3.3.1 none: a definite refusal; the ordinary error, and what the rules say of it", async (cast) => {
  const { romeo } = cast;
  await romeo.online(messagesOnly);
  for (const action of ["notify", "alert", "error", "drop"]) {
    const to = number();
    statuses.set(to, [410]);
    romeo.sends(message(to, whatever(action).text === "" ? undefined : amp(`deliver none ${action}`)));
    const event = reply(`deliver none ${action}`, parties(cast, to));
    const wanted = [event, action === "notify" && unavailable(to)].filter((each) => each) as Markup[];
    for (let waited = 0; sentTo(to).length === 0 && waited < 100; waited++) await Bun.sleep(10);
    for (const one of wanted) await romeo.receivesInTime(one);
    await romeo.receivesNothing();
    expect(sentTo(to)).toHaveLength(1);
  }
});

scenario(
  "no answer is no refusal: it is tried again, in order, with the same id",
  { timeoutMs: 20_000 },
  async (cast) => {
    const { romeo } = cast;
    const to = number();
    statuses.set(to, [503, 0]);
    await romeo.online(messagesOnly);
    romeo.sends(message(to, amp("deliver gateway notify"), "one"));
    romeo.sends(xml`<message to="${to}" id="m2" type="chat"><body>two</body></message>`);
    await romeo.receivesNothing();
    for (let waited = 0; sentTo(to).length < 4 && waited < 700; waited++) await Bun.sleep(10);
    await romeo.receives(reply("deliver gateway notify", parties(cast, to))!);
    const hits = sentTo(to).map(({ json }) => json);
    expect(hits.map(({ body }) => body)).toEqual(["one", "one", "one", "two"]);
    expect(new Set(hits.slice(0, 3).map(({ id }) => id)).size).toBe(1);
    expect(hits.map(({ attempt }) => Number(attempt))).toEqual([1, 2, 3, 1]);
  },
);

scenario(
  "3.3.2: what waits for a gateway expires on time, and is not tried any more",
  { timeoutMs: 20_000 },
  async (cast) => {
    const { romeo } = cast;
    const to = number();
    statuses.set(to, [500, 500, 500, 500]);
    await romeo.online(messagesOnly);
    const text = `expire-at ${formatDateTime(Date.now() + 500)} error`;
    romeo.sends(message(to, amp(text)));
    await romeo.receives(reply(text, parties(cast, to))!, { exact: true });
    expect(sentTo(to)).toHaveLength(1);
    await Bun.sleep(1200);
    expect(sentTo(to)).toHaveLength(1);
  },
);

scenario("a function: taken, refused, or tried again when it throws", { timeoutMs: 20_000 }, async (cast) => {
  const { romeo } = cast;
  await romeo.online(messagesOnly);
  const to = number("fax.example.org");
  romeo.sends(message(to, whatever("notify"), "thrown"));
  await romeo.receivesInTime(reply("deliver gateway notify", parties(cast, to))!);
  const mine = taken.filter((each) => each.to === to);
  expect(mine.map(({ attempt }) => attempt)).toEqual([1, 2]);
  const other = number("fax.example.org");
  romeo.sends(message(other, amp("deliver none alert"), "refused"));
  await romeo.receives(reply("deliver none alert", parties(cast, other))!, { exact: true });
});

scenario("2.2.1: rules for a gateway are validated like any; presence is not at stake", async (cast) => {
  const { romeo } = cast;
  await romeo.online(messagesOnly);
  const to = number();
  romeo.sends(message(to, amp("deliver nowhere notify")));
  await romeo.receives(xml`
    <message type="error" from="sms.example.org" id="m1"><error code="405"><not-acceptable xmlns="${NS.STANZAS}"/></error></message>`);
  expect(sentTo(to)).toEqual([]);
});

scenario(
  "a forwarding address behind a gateway; a later refusal comes from the account, not from there",
  async (cast) => {
    const { romeo, juliet, server } = cast;
    const to = number();
    statuses.set(to, [200, 404]);
    await server.app.accounts.setForward(juliet.bare, to);
    await romeo.online(messagesOnly);
    romeo.sends(message(juliet.bare));
    for (let waited = 0; sentTo(to).length < 1 && waited < 200; waited++) await Bun.sleep(10);
    await romeo.receivesNothing();
    romeo.sends(message(juliet.bare));
    await romeo.receives(unavailable(juliet.bare));
    for (const { json } of sentTo(to)) expect(json.stanza).not.toContain("urn:ampact:via");
  },
);

scenario("an application's own message: the outcome", async ({ server }) => {
  const to = number();
  expect(await server.app.send({ to, body: "Hi" })).toEqual({ kind: "gateway" });
  const refused = number();
  statuses.set(refused, [400]);
  expect(await server.app.send({ to: refused, body: "Hi" })).toMatchObject({ kind: "none" });
});
