/** A client asks what became of a message of its own, and learns no more than presence and the rules would tell it. */
import { expect } from "bun:test";
import fc from "fast-check";
import { NS } from "../../xmpp/ns.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import { attr, type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp } from "../conversation/amp.ts";
import { befriend } from "../conversation/befriend.ts";
import type { Device } from "../conversation/device.ts";
import { stage } from "../conversation/stage.ts";

const scenario = stage({ outcomes: { track: "all" } });
/** Every message has the same time, so that answers can be compared. */
const frozen = stage({ outcomes: { track: "all" }, manualClock: true, transports: ["websocket"] });
const untracked = stage({ outcomes: { track: "none" }, transports: ["websocket"] });

const messagesOnly = { hears: ["message"] } as const;
const message = (to: string, id: string, rules: Markup | undefined = undefined, type = "chat") =>
  xml`<message to="${to}" id="${id}" type="${type}"><body>Hi</body>${rules}</message>`;

interface Asked {
  readonly id?: string | undefined;
  readonly stanza?: string;
  readonly to?: string;
}

const request = ({ id, stanza, to }: Asked) =>
  xml`<iq type="get"><timeline xmlns="${NS.OUTCOMES}"${attr("id", id)}${attr("stanza", stanza)}${attr("to", to)}/></iq>`;

async function timelineOf(device: Device, asked: Asked): Promise<Element> {
  const answer = await device.asks(request(asked));
  const timeline = answer.child("timeline", NS.OUTCOMES);
  if (timeline === undefined) throw new Error(`Cannot read timeline: ${answer}`);
  return timeline;
}

async function conditionOf(device: Device, asked: Asked): Promise<string | undefined> {
  const answer = await device.asks(request(asked));
  return answer.child("error", NS.CLIENT)?.elements[0]?.name;
}

function kindsOf({ elements }: Element): readonly (string | undefined)[] {
  return elements.map((step) => step.attr("kind"));
}

/** Until its last step is there. */
async function settledOf(device: Device, asked: Asked): Promise<Element> {
  for (let round = 0; round < 100; round++) {
    // A timeline that nobody waits for may be written a moment later.
    const timeline = (await device.asks(request(asked))).child("timeline", NS.OUTCOMES);
    if (timeline !== undefined && kindsOf(timeline).at(-1) === "settled") return timeline;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("The timeline is not settled");
}

scenario("a friend learns each step, by the id of the message or of the timeline", async ({ romeo, juliet, nurse }) => {
  await romeo.online(messagesOnly);
  await juliet.online();
  await nurse.online(messagesOnly);
  await befriend(romeo, juliet);
  romeo.sends(message(juliet.bare, "m1", amp("deliver direct notify")));
  await juliet.receives(xml`<message id="m1"/>`);
  await romeo.receives(xml`<message id="m1"/>`);
  const timeline = await settledOf(romeo, { stanza: "m1", to: juliet.full });
  expect(timeline.attributes).toMatchObject({ stanza: "m1", to: juliet.bare });
  expect(timeline.attr("partial")).toBeUndefined();
  expect(kindsOf(timeline)).toEqual(expect.arrayContaining(["accepted", "offered", "proved", "reported", "settled"]));
  const end = timeline.elements.at(-1)!;
  expect(end.attributes).toMatchObject({ outcome: "direct", resource: juliet.full.split("/")[1] });
  const id = timeline.attr("id");
  expect(String(await timelineOf(romeo, { id }))).toBe(String(timeline));
  // Another's is like one that is not there.
  for (const device of [juliet, nurse]) expect(await conditionOf(device, { id })).toBe("item-not-found");
  expect(await conditionOf(nurse, { stanza: "m1", to: juliet.bare })).toBe("item-not-found");
});

scenario("what is asked wrongly or is not there has the standard's error", async ({ romeo, juliet }) => {
  await romeo.online(messagesOnly);
  for (const [asked, condition] of [
    [{ id: "x" }, "item-not-found"],
    [{ stanza: "x", to: juliet.bare }, "item-not-found"],
    [{}, "bad-request"],
    [{ stanza: "x" }, "bad-request"],
    [{ to: juliet.bare }, "bad-request"],
    [{ id: "x", stanza: "x" }, "bad-request"],
    [{ id: "" }, "bad-request"],
    [{ stanza: "x".repeat(1025), to: juliet.bare }, "bad-request"],
    [{ stanza: "x", to: "@" }, "bad-request"],
  ] as const)
    expect([asked, await conditionOf(romeo, asked)]).toEqual([asked, condition]);
});

scenario("it is announced, by the server and on the own account", async ({ romeo, server }) => {
  await romeo.online(messagesOnly);
  for (const to of [server.domain, romeo.bare]) {
    const answer = await romeo.asks(xml`<iq type="get" to="${to}"><query xmlns="${NS.DISCO_INFO}"/></iq>`);
    expect(String(answer)).toContain(NS.OUTCOMES);
  }
});

untracked("it is not announced where no timelines are kept", async ({ romeo, server }) => {
  await romeo.online(messagesOnly);
  const answer = await romeo.asks(xml`<iq type="get" to="${server.domain}"><query xmlns="${NS.DISCO_INFO}"/></iq>`);
  expect(String(answer)).not.toContain(NS.OUTCOMES);
});

scenario("a forwarding address stays unknown, and so does who is there", async ({ romeo, juliet, nurse, server }) => {
  await romeo.online(messagesOnly);
  await juliet.online();
  await befriend(romeo, juliet);
  await juliet.becomesUnavailable();
  await romeo.ignores();
  await nurse.online(messagesOnly);
  await server.app.accounts.setForward(juliet.bare, nurse.bare);
  romeo.sends(message(juliet.bare, "m1"));
  await nurse.receives(xml`<message id="m1"/>`);
  const timeline = await settledOf(romeo, { stanza: "m1", to: juliet.bare });
  expect(kindsOf(timeline)).toEqual(["handed", "accepted", "settled"]);
  expect(timeline.elements.at(-1)?.attr("outcome")).toBe("forwarded");
  expect(String(timeline)).not.toContain(nurse.bare.split("@")[0]);
});

const REPORTING = ["deliver direct notify", "deliver stored alert", "match-resource any error"];
const SILENT = [
  "deliver direct drop",
  "deliver stored drop",
  "match-resource other drop",
  "expire-at 2002-09-10T23:08:25Z drop",
];

frozen(
  "a stranger gets the same bytes, whatever the recipient's state",
  { timeoutMs: 60_000 },
  async ({ romeo, juliet, nurse, benvolio, tybalt, paris, server, settled }) => {
    await romeo.online(messagesOnly);
    await juliet.online();
    await benvolio.online({ priority: -1 });
    await tybalt.online();
    await tybalt.asks(xml`<iq type="set"><block xmlns="${NS.BLOCKING}"><item jid="${romeo.bare}"/></block></iq>`);
    await server.app.accounts.setForward(nurse.bare, juliet.bare);
    const away = `${juliet.bare}/nowhere`;
    const places = [
      juliet.bare,
      juliet.full,
      away,
      nurse.bare,
      benvolio.bare,
      benvolio.full,
      tybalt.bare,
      tybalt.full,
      paris.bare,
    ];
    let sent = 0;
    const kinds = new Set<string | undefined>();
    const given = fc.record({
      type: fc.constantFrom("chat", "normal", "headline"),
      rules: fc.uniqueArray(fc.constantFrom(...SILENT, ...REPORTING), { maxLength: 3 }),
    });
    const told = async (stanza: string, to: string) => {
      const timeline = await timelineOf(romeo, { stanza, to });
      for (const kind of kindsOf(timeline)) kinds.add(kind);
      return String(timeline)
        .replace(/ (id|stanza|to)="[^"]*"/g, "")
        .replaceAll(to, "");
    };
    await fc.assert(
      fc.asyncProperty(given, async ({ type, rules }) => {
        const early = new Set<string>();
        const late = new Set<string>();
        const all = places.map((to) => ({ to, id: `s${++sent}` }));
        for (const { to, id } of all) {
          romeo.sends(message(to, id, rules.length === 0 ? undefined : amp(...rules), type));
        }
        await settled();
        for (const { to, id } of all) early.add(await told(id, to));
        await new Promise((resolve) => setTimeout(resolve, 30));
        for (const { to, id } of all) late.add(await told(id, to));
        expect([...early, ...late].length).toBe(2);
        expect([...early]).toEqual([...late]);
        expect([...early][0]).toContain('partial="true"');
      }),
      { numRuns: 25 },
    );
    // What is told at all: that rules were refused, as the error has said.
    expect([...kinds]).toEqual(["refused"]);
    for (const device of [romeo, juliet, benvolio, tybalt, nurse]) device.drops();
  },
);
