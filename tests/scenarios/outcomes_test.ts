/** Timelines: what happened to a message is kept step by step, and can be asked for and followed. */
import { expect } from "bun:test";
import type { TimedStep, Timeline } from "../../mod.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { amp } from "../conversation/amp.ts";
import type { Cast } from "../conversation/cast.ts";
import { stage } from "../conversation/stage.ts";

const scenario = stage({ amp: { presencePolicy: "open" }, transports: ["websocket"] });
const lasting = stage({ amp: { presencePolicy: "open" }, transports: ["websocket"], onDisk: true });
const PROOF = { websocket: "pong", bosh: "bosh-ack", tcp: "ping" } as const;
const messagesOnly = { hears: ["message"] } as const;

/** Steps as words; what varies is left out. */
function words(steps: readonly TimedStep[]): string[] {
  return steps.map((step) => {
    switch (step.kind) {
      case "proved":
        return `proved ${step.resource} ${step.by}`;
      case "offered":
        return `offered ${step.resources.join()}`;
      case "settled":
        return `settled ${step.outcome.kind}`;
      case "ruled":
        return `ruled ${step.rule.action} ${step.rule.condition}`;
      case "handed":
        return `handed ${step.to.split("@").at(-1)}${step.attempt === undefined ? "" : ` ${step.attempt} ${step.answer}`}`;
      default:
        return step.kind;
    }
  });
}

/** Not `expect().rejects`: in Bun that holds the thread. */
async function faultOf(sent: Promise<unknown>): Promise<Error> {
  return await sent.then(
    () => new Error("Not rejected"),
    (error: Error) => error,
  );
}

async function settledOf({ server }: Cast, id: string): Promise<Timeline> {
  for (let round = 0; round < 100; round++) {
    const timeline = await server.app.outcomes.get(id);
    if (timeline?.outcome !== undefined) return timeline;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("The timeline is not settled");
}

async function only({ server }: Cast, from: string): Promise<Timeline> {
  for (let round = 0; round < 100; round++) {
    const { messages } = await server.app.outcomes.list({ from });
    const timeline = messages[0] && (await server.app.outcomes.get(messages[0].id));
    if (messages.length === 1 && timeline?.outcome !== undefined) return timeline;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`No settled timeline of ${from}`);
}

scenario(
  "a message with rules: offered, proved, reported, settled",
  { transports: ["websocket", "bosh", "tcp"] },
  async (cast) => {
    const { romeo, juliet, transport } = cast;
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    romeo.sends(
      xml`<message to="${juliet.bare}" id="m1" type="chat"><body>hi</body>${amp("deliver direct notify")}</message>`,
    );
    await juliet.receives(xml`<message id="m1"/>`);
    await romeo.receives(xml`<message id="m1"/>`);
    const { steps, outcome, to } = await only(cast, romeo.bare);
    expect(words(steps)).toEqual([
      "offered balcony",
      `proved balcony ${PROOF[transport]}`,
      "ruled notify deliver",
      "reported",
      "accepted",
      "settled direct",
    ]);
    expect(outcome).toEqual({ kind: "direct", resource: "balcony" });
    expect(to).toBe(juliet.bare);
  },
);

scenario("a rule that the plan meets already is in the timeline too", async (cast) => {
  const { romeo, juliet } = cast;
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  const rule = amp("match-resource exact notify");
  romeo.sends(xml`<message to="${juliet.full}" id="m1" type="chat"><body>hi</body>${rule}</message>`);
  await juliet.receives(xml`<message id="m1"/>`);
  await romeo.receives(xml`<message id="m1"/>`);
  const { steps } = await only(cast, romeo.bare);
  const kinds = steps.map(({ kind }) => kind);
  expect(kinds.slice(0, 2)).toEqual(["ruled", "reported"]);
  expect(kinds.filter((kind) => kind === "reported")).toHaveLength(1);
  expect(kinds.at(-1)).toBe("settled");
});

scenario("a message without rules has none; nor do reports and errors", async (cast) => {
  const { romeo, juliet, server } = cast;
  await romeo.online(messagesOnly);
  romeo.sends(xml`<message to="${juliet.bare}" id="m1" type="chat"><body>hi</body></message>`);
  await cast.settled();
  expect((await server.app.outcomes.list({ from: romeo.bare })).messages).toEqual([]);
});

scenario("send(): stored, then proved, from one for await", async (cast) => {
  const { juliet, server } = cast;
  const sent = server.app.send({ to: juliet.bare, body: "an alert" });
  expect(await sent).toEqual({ kind: "stored" });
  const seen: TimedStep[] = [];
  const reader = (async () => {
    for await (const step of sent.steps) seen.push(step);
  })();
  await juliet.online(messagesOnly);
  await juliet.receives(xml`<message type="chat"/>`);
  await reader;
  expect(words(seen)).toEqual(["accepted", "stored", "offered balcony", "proved balcony pong", "settled direct"]);
  expect(await server.app.outcomes.get(sent.id)).toMatchObject({ id: sent.id, outcome: { kind: "direct" } });
});

scenario("send() with a key sends once, and refuses another message under it", async (cast) => {
  const { juliet, server } = cast;
  await juliet.online(messagesOnly);
  const message = { to: juliet.bare, body: "invoice 7" };
  const key = `invoice 7 ${juliet.bare}`;
  const [one, other] = [server.app.send(message, { key }), server.app.send(message, { key })];
  expect(one.id).toBe(other.id);
  expect(await Promise.all([one, other])).toEqual([
    { kind: "direct", resource: "balcony" },
    { kind: "direct", resource: "balcony" },
  ]);
  await juliet.receives(xml`<message type="chat"/>`);
  expect(await server.app.send(message, { key, until: "settled" })).toMatchObject({ kind: "direct" });
  expect((await faultOf(server.app.send({ ...message, body: "invoice 8" }, { key }))).message).toContain(
    "another message",
  );
  expect(await server.app.outcomes.get({ key })).toMatchObject({ id: one.id, key });
});

scenario("send() names each rule at fault, and sends nothing", async ({ juliet, server }) => {
  await juliet.online(messagesOnly);
  const at = new Date("2001-01-01T00:00:00.123Z");
  const sent = server.app.send({
    to: juliet.bare,
    body: "hi",
    rules: [
      { condition: "expire-at", value: "tomorrow", action: "drop" },
      { condition: "expire-at", value: at, action: "drop" },
    ],
  });
  expect(await faultOf(sent)).toMatchObject({ name: "RuleError", rules: [{ value: "tomorrow" }] });
  await juliet.receivesNothing();
});

scenario("send() until settled ends with its signal or its time; the message goes on", async ({ juliet, server }) => {
  const until = "settled";
  const late = await faultOf(server.app.send({ to: juliet.bare, body: "1" }, { until, timeoutMs: 50 }));
  expect(late.message).toContain("within 50 ms");
  const signal = AbortSignal.abort(new Error("enough"));
  expect((await faultOf(server.app.send({ to: juliet.bare, body: "2" }, { until, signal }))).message).toBe("enough");
  await juliet.online(messagesOnly);
  await juliet.receives(xml`<message type="chat"><body>1</body></message>`);
  await juliet.receives(xml`<message type="chat"><body>2</body></message>`);
});

lasting("what was stored goes on with its timeline after a restart", async (cast) => {
  const { juliet, server } = cast;
  const sent = server.app.send({ to: juliet.bare, body: "hi" });
  await sent;
  await server.restart();
  await juliet.online(messagesOnly);
  await juliet.receives(xml`<message type="chat"/>`);
  expect(words((await settledOf(cast, sent.id)).steps)).toEqual([
    "accepted",
    "stored",
    "offered balcony",
    "proved balcony pong",
    "settled direct",
  ]);
});

scenario("a follower sees every step by its cursor", async (cast) => {
  const { juliet, server } = cast;
  const { outcomes } = server.app;
  const sent = server.app.send({ to: juliet.bare, body: "hi" });
  await sent;
  const first: TimedStep[] = [];
  for await (const step of outcomes.follow()) {
    if (step.message !== sent.id) continue;
    first.push(step);
    if (step.kind === "stored") break;
  }
  await juliet.online(messagesOnly);
  await juliet.receives(xml`<message type="chat"/>`);
  const rest: TimedStep[] = [];
  for await (const step of outcomes.follow({ after: first.at(-1)!.cursor })) {
    if (step.message !== sent.id) continue;
    rest.push(step);
    if (step.kind === "settled") break;
  }
  expect([...words(first), ...words(rest)]).toEqual(words((await outcomes.get(sent.id))!.steps));
});

scenario("what a device has read in its archive, and gets no second copy of, is settled as stored", async (cast) => {
  const { juliet, server } = cast;
  const sent = server.app.send({ to: juliet.bare, body: "hi" });
  expect(await sent).toEqual({ kind: "stored" });
  await juliet.logsIn();
  await juliet.asks(xml`<iq type="set"><query xmlns="urn:xmpp:mam:2"/></iq>`);
  juliet.drops();
  await juliet.becomesAvailable();
  const { steps } = await settledOf(cast, sent.id);
  expect(words(steps)).toEqual(["accepted", "stored", "settled stored"]);
});
