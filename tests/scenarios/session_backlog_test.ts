/** XEP-0198: what a session without proof holds is bounded; strangers neither end it nor take the place of what others send. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { befriend } from "../conversation/befriend.ts";
import type { Device } from "../conversation/device.ts";
import { MANAGED, stage } from "../conversation/stage.ts";

const BYTES = 1_048_576;
/** More than a session may hold. */
const COUNT = 34;
const LONG = "x".repeat(32_000);
const scenario = stage({ transports: MANAGED, limits: { sessionUnprovenBytes: BYTES } });

const messagesOnly = { hears: ["message"] } as const;
const sm = { ...messagesOnly, sm: true } as const;
const ids = (name: string) => Array.from({ length: COUNT }, (_, at) => `${name}${at}`);
const message = (to: string, id: string, type: string, body: string) =>
  xml`<message to="${to}" id="${id}" type="${type}"><body>${body}</body></message>`;

/** The ids of all that comes, by sender, in order. */
async function heard(device: Device, count: number, senders: readonly Device[]): Promise<readonly string[][]> {
  const all = new Map(senders.map(({ full }): [string, string[]] => [full, []]));
  for (let at = 0; at < count; at++) {
    const { attributes } = await device.receives(xml`<message/>`);
    all.get(attributes.from!)!.push(attributes.id!);
  }
  await device.receivesNothing();
  return [...all.values()];
}

for (const [what, type, address] of [
  ["the account", "chat", "bare"],
  ["the session", "chat", "full"],
  ["the session, as normal messages,", "normal", "full"],
] as const) {
  scenario(
    `a stranger's flood to ${what} does not end a detached session: all of it comes, and a friend's messages in their order`,
    async ({ romeo, juliet, tybalt }) => {
      await romeo.online(messagesOnly);
      await juliet.online(sm);
      await tybalt.online(messagesOnly);
      await befriend(romeo, juliet);
      juliet.cuts();
      for (let at = 0; at < COUNT; at++) {
        tybalt.sends(message(juliet[address], `t${at}`, type, LONG));
        romeo.sends(message(juliet[address], `r${at}`, type, "Hi"));
      }
      await romeo.receivesNothing();
      await juliet.resumes();
      expect(await heard(juliet, 2 * COUNT, [romeo, tybalt])).toEqual([ids("r"), ids("t")]);
      for (const from of [tybalt, romeo]) {
        from.sends(message(juliet.bare, "later", "chat", "Hi"));
        await juliet.receives(xml`<message id="later" from="${from.full}"/>`);
      }
    },
  );
}

scenario("nor does it end one whose client has stopped reading", async ({ romeo, juliet, tybalt }) => {
  await romeo.online(messagesOnly);
  await juliet.online(sm);
  await tybalt.online(messagesOnly);
  await befriend(romeo, juliet);
  juliet.freezes();
  for (let at = 0; at < COUNT; at++) {
    tybalt.sends(message(juliet.bare, `t${at}`, "chat", LONG));
    romeo.sends(message(juliet.bare, `r${at}`, "chat", "Hi"));
  }
  await romeo.receivesNothing();
  juliet.cuts();
  await juliet.resumes();
  expect(await heard(juliet, 2 * COUNT, [romeo, tybalt])).toEqual([ids("r"), ids("t")]);
});

scenario("what is not to be stored is dropped beyond the strangers' share", async ({ romeo, juliet, tybalt }) => {
  await romeo.online(messagesOnly);
  await juliet.online(sm);
  await tybalt.online({ hears: ["iq"] });
  await befriend(romeo, juliet);
  juliet.cuts();
  for (let at = 0; at < COUNT; at++) {
    tybalt.sends(message(juliet.full, `t${at}`, "headline", LONG));
    romeo.sends(message(juliet.full, `r${at}`, "headline", "Hi"));
  }
  tybalt.sends(xml`<iq type="get" to="${juliet.full}" id="q"><query xmlns="${NS.VERSION}"/></iq>`);
  await tybalt.receives(xml`<iq type="error" id="q"><error><service-unavailable xmlns="${NS.STANZAS}"/></error></iq>`);
  await juliet.resumes();
  const held = 5;
  const [ofRomeo, ofTybalt] = await heard(juliet, COUNT + held, [romeo, tybalt]);
  expect(ofRomeo).toEqual(ids("r"));
  expect(ofTybalt).toEqual(ids("t").slice(0, held));
});

scenario("another session gets all of it while the detached one takes no more", async ({ juliet, tybalt }) => {
  await juliet.online(sm);
  await tybalt.online(messagesOnly);
  juliet.cuts();
  for (let at = 0; at < COUNT; at++) tybalt.sends(message(juliet.bare, `t${at}`, "chat", LONG));
  await tybalt.receivesNothing();
  const chamber = juliet.device("chamber");
  await chamber.online(messagesOnly);
  expect(await heard(chamber, COUNT, [tybalt])).toEqual([ids("t")]);
  tybalt.sends(message(juliet.bare, "later", "chat", "Hi"));
  await chamber.receives(xml`<message id="later"/>`);
});

scenario("XEP-0280: copies of what strangers send count as theirs", async ({ juliet, tybalt }) => {
  await juliet.online({ ...sm, carbons: true });
  await tybalt.online(messagesOnly);
  juliet.cuts();
  const chamber = juliet.device("chamber");
  await chamber.online(messagesOnly);
  for (let at = 0; at < COUNT; at++) tybalt.sends(message(chamber.full, `t${at}`, "chat", LONG));
  expect(await heard(chamber, COUNT, [tybalt])).toEqual([ids("t")]);
  await juliet.resumes();
  await juliet.receives(xml`<message from="${juliet.bare}"><received xmlns="${NS.CARBONS}"/></message>`);
  await tybalt.receivesNothing();
  juliet.drops();
});

/** The bound is that of each process. */
const bounded = stage({
  nodes: 1,
  transports: MANAGED,
  limits: { sessionUnprovenBytes: 2 * BYTES, accountUnprovenBytes: 2 * BYTES, bytesPerSecond: 0 },
});

bounded(
  "all sessions of an account have one bound: those that hold most end, and nothing is lost",
  async ({ romeo, juliet }) => {
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    await befriend(romeo, juliet);
    await juliet.logsOut();
    const devices = ["one", "two", "three", "four", "five", "six", "seven"].map((name) => juliet.device(name));
    const each = 11;
    for (const device of devices) await device.logsIn(sm);
    for (const device of devices) device.cuts();
    for (const device of devices) {
      for (let at = 0; at < each; at++) romeo.sends(message(device.full, `${device.resource}${at}`, "chat", LONG));
      await romeo.receivesNothing();
    }
    const heard: string[] = [];
    const hears = async (device: Device, count: number) => {
      for (let at = 0; at < count; at++) heard.push((await device.receives(xml`<message/>`)).attr("id")!);
    };
    let ended = 0;
    for (const device of devices) {
      const answer = await device.triesToResume();
      if (answer.name === "resumed") await hears(device, each);
      else ended++;
    }
    expect(ended).toBe(2);
    const later = juliet.device("later");
    await later.online(messagesOnly);
    await hears(later, ended * each);
    expect(new Set(heard).size).toBe(devices.length * each);
  },
);
