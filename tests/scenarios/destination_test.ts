/** A destination of an application's own (echo_destination.ts) is added by one line; the rules of messages to it are carried out. */
import { expect } from "bun:test";
import type { Hop } from "../../actors/hop/hop.ts";
import { type Destination, type DestinationContext, RESOURCELESS } from "../../mod.ts";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp, reply, whatever } from "../conversation/amp.ts";
import { MANAGED, stage } from "../conversation/stage.ts";
import { echo } from "./echo_destination.ts";

const DOMAIN = "echo.localhost";

/** Sends on its own, and keeps what it hears. `plan`: the server reads the rules, otherwise its queue does. */
function bots(
  domain: string,
  hasPlan: boolean,
): Destination & { readonly heard: string[]; context: DestinationContext } {
  const heard: string[] = [];
  let put: (envelope: Parameters<Destination["accept"]>[0]) => void = () => {};
  const bots = {
    heard,
    context: undefined as unknown as DestinationContext,
    serves: (asked: string) => asked === domain,
    start(context: DestinationContext) {
      bots.context = context;
      const hand = ({ stanza }: { stanza: Stanza }) => {
        heard.push(stanza.toString());
        return "taken" as const;
      };
      if (!hasPlan)
        put = context.openHop(domain, { hand }, { timeoutMs: 1000, retryMs: 1000, outcome: { kind: "gateway" } });
    },
    ...(hasPlan && { plan: () => RESOURCELESS }),
    accept(envelope: Parameters<Destination["accept"]>[0]) {
      if (!hasPlan) return put(envelope);
      heard.push(envelope.stanza.toString());
      bots.context.finish(envelope, { kind: "direct", resource: "" });
    },
  };
  return bots;
}

/** Tells its plan, and has a queue for all that comes. */
function keeper(domain: string, hand: Hop["hand"]): Destination {
  let put: (envelope: Parameters<Destination["accept"]>[0]) => void = () => {};
  return {
    serves: (asked) => asked === domain,
    start: (context) => {
      put = context.openHop(domain, { hand }, { timeoutMs: 200, retryMs: 600_000, outcome: { kind: "gateway" } });
    },
    plan: () => ({ kind: "gateway" }),
    accept: (envelope) => put(envelope),
  };
}

const planned = bots("planned.localhost", true);
const queued = bots("queued.localhost", false);
const scenario = stage({
  amp: { presencePolicy: "open" },
  destinations: [
    echo(DOMAIN),
    planned,
    queued,
    keeper("slow.localhost", () => new Promise(() => {})),
    keeper("quick.localhost", () => "taken"),
  ],
});
const TO = `cave@${DOMAIN}`;
const messagesOnly = { hears: ["message"] } as const;
const message = (id: string, rules?: Markup) =>
  xml`<message to="${TO}" id="${id}" type="chat"><body>Hoo</body>${rules}</message>`;

scenario("a destination takes messages for its domain, and answers them", async ({ romeo }) => {
  await romeo.online(messagesOnly);
  romeo.sends(message("m1"));
  await romeo.receives(xml`<message from="${TO}" id="m1" type="chat"><body>Hoo</body></message>`);
});

scenario("rules are held against its plan and against what became of the message", async ({ romeo }) => {
  await romeo.online(messagesOnly);
  const parties = { domain: DOMAIN, from: romeo.full, to: TO };
  romeo.sends(message("m1", whatever("notify")));
  await romeo.receives(xml`<message from="${TO}" id="m1" type="chat"><body>Hoo</body></message>`);
  await romeo.receives(reply("deliver direct notify", parties)!, { exact: true });
  romeo.sends(message("m2", amp("deliver direct error")));
  await romeo.receives(reply("deliver direct error", { ...parties, id: "m2" })!, { exact: true });
  romeo.sends(message("lost", amp("deliver none alert")));
  await romeo.receives(reply("deliver none alert", { ...parties, id: "lost" })!, { exact: true });
});

scenario("bad rules are refused before it hears of the message", async ({ romeo }) => {
  await romeo.online(messagesOnly);
  romeo.sends(message("m1", amp("deliver sideways notify")));
  await romeo.receives(xml`<message type="error" id="m1"/>`);
});

scenario("an application learns what became of a message to it", { transports: ["websocket"] }, async ({ server }) => {
  const from = server.domain;
  expect(await server.app.send({ from, to: TO, body: "Hoo" })).toEqual({ kind: "direct", resource: "" });
  expect(await server.app.send({ from, to: TO, body: "Hoo", id: "lost" })).toMatchObject({ kind: "none" });
});

scenario("XEP-0198 counts a message to it", { transports: MANAGED }, async ({ romeo }) => {
  await romeo.online({ ...messagesOnly, sm: true });
  romeo.sends(message("m1"));
  await romeo.receives(xml`<message from="${TO}" id="m1" type="chat"><body>Hoo</body></message>`);
  // Roster request, presence, message.
  expect(await romeo.asksForAck()).toBe(3);
});

for (const [name, destination] of [
  ["a destination that tells its plan", planned],
  ["a queue", queued],
] as const) {
  scenario(`a report reaches a sender behind ${name}`, { transports: ["websocket"] }, async ({ romeo }) => {
    await romeo.online(messagesOnly);
    const domain = destination === planned ? "planned.localhost" : "queued.localhost";
    destination.heard.length = 0;
    const content = xml`<body>Hi</body>${amp("deliver direct notify")}`.text;
    const text = `<message from="bot@${domain}" to="${romeo.bare}" type="chat" id="r1">${content}</message>`;
    destination.context.route(Stanza.parse(text));
    await romeo.receives(xml`<message id="r1"/>`);
    await romeo.asks(xml`<iq type="get"><ping xmlns="${NS.PING}"/></iq>`);
    for (let waited = 0; destination.heard.length === 0 && waited < 200; waited++) await Bun.sleep(10);
    expect(destination.heard).toEqual([expect.stringContaining('status="notify"')]);
  });
}

scenario(
  "XEP-0198 counts a message with rules that is durable in a queue",
  { transports: MANAGED },
  async ({ romeo }) => {
    await romeo.online({ ...messagesOnly, sm: true });
    const before = await romeo.asksForAck();
    romeo.sends(
      xml`<message to="x@slow.localhost" id="h1" type="chat"><body>Hi</body>${amp("deliver gateway notify")}</message>`,
    );
    expect(await romeo.asksForAck()).toBe(before + 1);
  },
);

scenario("3.3.2: a deadline of what waits in its queue is carried out", { transports: ["websocket"] }, async (cast) => {
  const { romeo } = cast;
  await romeo.online(messagesOnly);
  const to = "x@slow.localhost";
  const text = `expire-at ${formatDateTime(Date.now() + 500)} alert`;
  romeo.sends(xml`<message to="${to}" id="m1" type="chat"><body>Hi</body>${amp(text)}</message>`);
  await romeo.receivesInTime(reply(text, { domain: "slow.localhost", from: romeo.full, to })!);
});

scenario(
  "what it refuses of a forwarded message is for the forwarding account: no error tells of the address",
  { transports: ["websocket"] },
  async ({ romeo, juliet, server }) => {
    await romeo.online(messagesOnly);
    // What the server forwards to is served, be it no gateway.
    await juliet.logsIn();
    await juliet.logsOut();
    expect(await server.app.accounts.setForward(juliet.bare, `cave@${DOMAIN}`)).toBe(true);
    const rules = amp("expire-at 2040-01-01T00:00:00Z notify", "deliver stored notify");
    romeo.sends(xml`<message to="${juliet.bare}" id="lost" type="chat"><body>x</body>${rules}</message>`);
    const parties = { domain: server.domain, from: romeo.full, to: juliet.bare, id: "lost" };
    await romeo.hasReceived([reply("deliver stored notify", parties)!], { exact: true });
    const [waiting] = (await server.store(["pending", juliet.bare, 0, 10])) as unknown as [readonly unknown[]];
    expect(waiting).toHaveLength(1);
  },
);

scenario("a timeline tells of a message with rules, once", { transports: ["websocket"] }, async ({ romeo, server }) => {
  await romeo.online(messagesOnly);
  const timelineOf = async (to: string, rules: Markup, count: number): Promise<readonly string[]> => {
    romeo.sends(xml`<message to="${to}" id="${to}" type="chat"><body>Hoo</body>${rules}</message>`);
    for (let waited = 0; waited < 200; waited++) {
      await Bun.sleep(10);
      const { messages } = await server.app.outcomes.list({ from: romeo.bare });
      const known = messages.length === count ? messages.find((each) => each.to === to) : undefined;
      const timeline = known && (await server.app.outcomes.get(known.id));
      if (timeline?.outcome !== undefined) return timeline.steps.map(({ kind }) => kind);
    }
    return [];
  };
  const direct = await timelineOf(TO, amp("deliver direct notify"), 1);
  expect(direct).toEqual(["ruled", "reported", "accepted", "settled"]);
  const refused = await timelineOf(TO, amp("deliver direct alert"), 2);
  expect(refused).toEqual(["reported", "ruled", "accepted", "settled"]);
  const taken = await timelineOf("x@quick.localhost", amp("deliver gateway notify"), 3);
  expect(taken).toEqual(["accepted", "handed", "ruled", "reported", "settled"]);
  romeo.drops();
});
