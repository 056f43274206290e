/** Gateways: XEP-0079 3.3.1, `deliver=gateway`. What is told is true, and what was accepted is not lost. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ActorSystem } from "../../actors/system.ts";
import { type GatewayAnswer, type GatewayMessage, gateway } from "../../destinations/gateway.ts";
import { createRegistry } from "../../modules/registry.ts";
import { loadConfig } from "../../server/config.ts";
import { nodeSettings } from "../../server/server_settings.ts";
import { StoreFault } from "../../store/store.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { textOf } from "./delivery/fake_session.ts";
import { GatedStore } from "./delivery/gated_store.ts";

const SMS = "sms.example.org";
const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 22, 12);

let store: GatedStore;
let system: ActorSystem;
let now: number;
let timers: { at: number; task: () => void }[];
/** Every attempt. */
let attempts: GatewayMessage[];
/** What the gateway does with an attempt; a number: it answers so much later. */
let answer: (message: GatewayMessage) => GatewayAnswer | Promise<GatewayAnswer>;
let errors: string[];

beforeEach(async () => {
  store = new GatedStore();
  [now, timers, attempts, errors] = [START, [], [], []];
  answer = () => "accepted";
  await begins();
  await store.run([["createAccount", "romeo@localhost", {}, 0]]);
});
afterEach(async () => {
  expect(errors).toEqual([]);
  await store.close();
});

async function begins(): Promise<void> {
  const settings = nodeSettings(loadConfig({ env: {} }));
  const handler = (message: GatewayMessage) => {
    attempts.push(message);
    return answer(message);
  };
  const error = (what: string, record?: Record<string, unknown>) => void errors.push(`${what} ${record?.error}`);
  system = new ActorSystem(
    {
      settings,
      registry: createRegistry([], settings),
      store,
      log: { debug: () => {}, info: () => {}, warn: () => {}, error },
      destinations: [gateway(SMS, handler, { timeoutMs: 10_000, retryMs: 2 * HOUR })],
      now: () => now,
      newId: () => "id",
      schedule: (ms, task) => {
        const timer = { at: now + ms, task };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
    },
    await store.open(),
  );
  system.run();
  await settles();
}

async function settles(): Promise<void> {
  for (let round = 0; round < 12; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** Time goes by; every timer rings when it is due. */
async function passes(ms: number): Promise<void> {
  const end = now + ms;
  for (;;) {
    await settles();
    const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
    if (next === undefined) break;
    timers = timers.filter((timer) => timer !== next);
    now = Math.max(now, next.at);
    system.scheduler.turn(next.task);
  }
  now = end;
  await settles();
}

interface Sent {
  accepted: number;
  readonly outcomes: string[];
}

function sends(id: string, rules: readonly string[] = [], to = `+4912@${SMS}`, from = "romeo@localhost/orchard"): Sent {
  const elements = rules.map((text) => {
    const [action, condition, value] = text.split(" ");
    return xml`<rule action="${action}" condition="${condition}" value="${value}"/>`;
  });
  const amp = rules.length > 0 && xml`<amp xmlns="${NS.AMP}">${elements}</amp>`;
  const addresses = { from: Jid.parse(from), to: Jid.parse(to) };
  const stanza = Stanza.build("message", { ...addresses, id, type: "chat" }, xml`<body>${id}</body>${amp}`);
  const sent: Sent = { accepted: 0, outcomes: [] };
  const ticket = system.waiters.add((letter) => {
    if (letter.kind === "accepted") sent.accepted++;
    else if (letter.kind === "outcome") sent.outcomes.push(letter.outcome.kind);
  });
  system.route(stanza, { replyTo: { to: { kind: "waiter", process: 0 }, ticket, waits: false } });
  return sent;
}

/** Nobody has more than his share. */
const oneOfMany = (n: number) => `sender${Math.floor(n / 200)}@localhost/x`;

async function rows(owner: string): Promise<string[]> {
  const [reply] = await store.run([["pending", owner, 0, 5000]]);
  return (reply as { value: { text: string }[] }).value.map(({ text }) => textOf(Stanza.parse(text)));
}

const waiting = () => rows(SMS);
/** Events for Romeo, who is away. */
const told = () => rows("romeo@localhost");
const bodies = () => attempts.map(({ body }) => body);
const never = () => new Promise<GatewayAnswer>(() => {});

describe("GatewayActor", () => {
  test("accepts a message when it is durable, and tells that the gateway has it when it has", async () => {
    store.isHeld = true;
    let take: (answer: GatewayAnswer) => void = () => {};
    answer = () => new Promise((resolve) => (take = resolve));
    const sent = sends("m1", ["notify deliver gateway"]);
    await settles();
    expect([sent.accepted, attempts.length]).toEqual([0, 0]);
    store.release();
    await settles();
    expect([sent.accepted, attempts.length, await told()]).toEqual([1, 1, []]);
    take("accepted");
    await settles();
    expect(await told()).toEqual(["notify deliver gateway of m1"]);
    expect(await waiting()).toEqual([]);
    expect(sent.accepted).toBe(1);
  });

  test("tries again after a restart, with the same id", async () => {
    answer = never;
    sends("m1", ["notify deliver gateway"]);
    await settles();
    timers = [];
    now += 1000;
    answer = () => "accepted";
    await begins();
    expect(new Set(attempts.map(({ id }) => id)).size).toBe(1);
    expect(attempts).toHaveLength(2);
    expect(await told()).toEqual(["notify deliver gateway of m1"]);
  });

  test("pauses twice as long after each failure, and gives up in the end: nothing delivers it", async () => {
    answer = () => Promise.reject(new Error("no answer"));
    sends("m1", ["notify deliver none"]);
    await passes(30_000);
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
    await passes(3 * HOUR);
    expect(await waiting()).toEqual([]);
    expect(await told()).toEqual(["notify deliver none of m1"]);
    const count = attempts.length;
    expect(count).toBeLessThan(40);
    await passes(HOUR);
    expect(attempts).toHaveLength(count);
  });

  test("an attempt that takes too long is none; what it answers later counts for nothing", async () => {
    let take: (answer: GatewayAnswer) => void = () => {};
    answer = ({ attempt }) => (attempt === 1 ? new Promise((resolve) => (take = resolve)) : "accepted");
    sends("m1", ["notify deliver gateway", "notify deliver none"]);
    await passes(10_500);
    take("refused");
    await passes(2000);
    expect(attempts).toHaveLength(2);
    expect(await told()).toEqual(["notify deliver gateway of m1"]);
  });

  test("keeps the order of one address, and lets no address wait for another", async () => {
    answer = ({ body, attempt }) => (body === "a1" && attempt === 1 ? Promise.reject(new Error("busy")) : "accepted");
    sends("a1", [], `a@${SMS}`);
    sends("a2", [], `a@${SMS}`);
    sends("b1", [], `b@${SMS}`);
    await settles();
    expect(bodies()).toEqual(["a1", "b1"]);
    await passes(1500);
    expect(bodies()).toEqual(["a1", "b1", "a1", "a2"]);
  });

  test("asks at most sixteen times at once", async () => {
    answer = never;
    for (let n = 0; n < 40; n++) sends(`m${n}`, [], `n${n}@${SMS}`);
    await settles();
    expect(attempts).toHaveLength(16);
  });

  test("holds a thousand, and reads the others from the store, in order, once each", async () => {
    answer = () => Promise.reject(new Error("down"));
    for (let n = 0; n < 1700; n++) sends(`m${n}`, [], undefined, oneOfMany(n));
    await settles();
    expect(await waiting()).toHaveLength(1700);
    answer = () => "accepted";
    attempts.length = 0;
    await passes(60_000);
    for (let round = 0; round < 500 && (await waiting()).length > 0; round++) await passes(1000);
    expect(bodies()).toEqual(Array.from({ length: 1700 }, (_, n) => `m${n}`));
  }, 30_000);

  test("3.3.2: fires a deadline on time while it is paused, and not while the gateway may have the message", async () => {
    answer = ({ body }) => (body === "held" ? never() : Promise.reject(new Error("down")));
    sends("paused", ["alert expire-at 2026-11-22T12:00:02.5Z"], `a@${SMS}`);
    sends("held", ["alert expire-at 2026-11-22T12:00:02.5Z"], `b@${SMS}`);
    await passes(2600);
    expect(await told()).toEqual(["alert expire-at 2026-11-22T12:00:02.5Z of paused"]);
    expect(await waiting()).toEqual(["held"]);
  });

  test("3.3.2: a notify for a deadline that cannot be logged is not sent, and the log tells of it", async () => {
    answer = () => Promise.reject(new Error("down"));
    sends("m1", ["notify expire-at 2026-11-22T12:00:02.5Z"]);
    await settles();
    store.refuses = "append";
    await passes(2600);
    expect(await told()).toEqual([]);
    expect(errors.splice(0)).toEqual([expect.stringContaining("cannot report deadline")]);
  });

  test("3.3.2: of a message that waits in the store alone a deadline fires on time too", async () => {
    answer = () => Promise.reject(new Error("down"));
    for (let n = 0; n < 1100; n++) sends(`m${n}`, [], undefined, oneOfMany(n));
    sends("alerted", ["alert expire-at 2026-11-22T12:00:02.5Z"]);
    sends("notified", ["notify expire-at 2026-11-22T12:00:02.5Z"]);
    await passes(2600);
    const events = [
      "alert expire-at 2026-11-22T12:00:02.5Z of alerted",
      "notify expire-at 2026-11-22T12:00:02.5Z of notified",
    ];
    expect(await told()).toEqual(events);
    await passes(5000);
    expect(await told()).toEqual(events);
    expect((await waiting()).slice(-2)).toEqual(["m1099", "notified"]);
    answer = () => "accepted";
    await passes(600_000);
    expect(await told()).toEqual(events);
    expect(await waiting()).toEqual([]);
    expect(bodies().at(-1)).toBe("notified");
  }, 20_000);

  test("a rule that was met ends the message before the gateway hears of it", async () => {
    const sent = sends("m1", ["alert deliver gateway"]);
    await settles();
    expect([attempts.length, sent.accepted, sent.outcomes]).toEqual([0, 1, ["dropped"]]);
    expect(await told()).toEqual(["alert deliver gateway of m1"]);
  });

  test("one sender fills no more than a share of the queue, and keeps nobody from the gateway", async () => {
    answer = ({ from }) => (from.startsWith("romeo") ? never() : "accepted");
    const sent = Array.from({ length: 300 }, (_, n) => sends(`m${n}`));
    await settles();
    expect(sent.filter(({ outcomes }) => outcomes[0] === "none")).toHaveLength(50);
    sends("other", [], `other@${SMS}`, "juliet@localhost/balcony");
    await settles();
    expect(bodies()).toEqual(["m0", "other"]);
  });

  test("what was thrown need not be an error, nor have a text", async () => {
    answer = () => {
      if (attempts.length === 1) throw Object.create(null);
      return "accepted";
    };
    sends("m1");
    await passes(2000);
    expect([attempts.length, await waiting()]).toEqual([2, []]);
  });

  test("a message that cannot be stored is refused, and never tried", async () => {
    store.fault = new StoreFault("full", "Cannot commit: no space");
    const sent = sends("m1");
    await settles();
    expect([sent.accepted, sent.outcomes, attempts.length]).toEqual([1, ["none"], 0]);
    // Romeo's account cannot be read either.
    errors = errors.filter((error) => !/^(store cannot commit|cannot activate account)/.test(error));
    store.fault = undefined;
  });

  test("a flood that the disk does not keep up with is refused, not swallowed", async () => {
    store.isHeld = true;
    let refused = 0;
    for (let n = 0; n < 10_100; n++) if (sends(`m${n}`, [], undefined, oneOfMany(n)).outcomes[0] === "none") refused++;
    expect(refused).toBe(100);
    store.release();
    await settles();
  }, 20_000);

  test("its domain has a log and is no account", async () => {
    expect(await system.database.accounts("", 10)).toEqual(["romeo@localhost"]);
  });

  test("a queue that could not be opened is opened later; what comes meanwhile waits, accepted by nobody", async () => {
    await system.stop();
    store.fault = new StoreFault("busy", "Cannot commit: locked");
    await begins();
    store.fault = undefined;
    const sent = sends("m1");
    await passes(500);
    expect([sent.accepted, attempts.length]).toEqual([0, 0]);
    await passes(1000);
    expect([sent.accepted, bodies(), await waiting()]).toEqual([1, ["m1"], []]);
    const opening = /^(store cannot commit|cannot open hop|cannot prune)/;
    expect(errors.some((error) => error.startsWith("cannot open hop"))).toBe(true);
    errors = errors.filter((error) => !opening.test(error));
  });

  test("what comes before the queue is read is handed over at once, and not called stored", async () => {
    await system.stop();
    store.isHeld = true;
    await begins();
    const outcome = new Promise((resolve, reject) => {
      const addresses = { from: Jid.parse("localhost"), to: Jid.parse(`+4912@${SMS}`) };
      const message = Stanza.build("message", { ...addresses, id: "m1" }, xml`<body>m1</body>`);
      system.submit(message, undefined, resolve, reject);
    });
    store.release();
    await settles();
    expect(await outcome).toEqual({ kind: "gateway" });
  });

  test("a queue that is not open yet holds no more of one sender than his share", async () => {
    await system.stop();
    store.isHeld = true;
    await begins();
    const sent = Array.from({ length: 300 }, (_, n) => sends(`m${n}`));
    await settles();
    expect(sent.filter(({ outcomes }) => outcomes[0] === "none")).toHaveLength(50);
    store.release();
    await passes(1000);
    expect(bodies()).toHaveLength(250);
  });

  test("a message that is left in the store while that is being read is read too", async () => {
    await system.stop();
    store.isHeld = true;
    await begins();
    sends("m1");
    store.release();
    store.isHeld = true;
    await settles();
    sends("m2");
    store.release();
    await settles();
    expect(bodies()).toEqual(["m1", "m2"]);
    expect(await waiting()).toEqual([]);
  });
});
