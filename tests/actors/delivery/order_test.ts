/** Contract "Order": between one sender and one recipient, delivery order equals sending order. */
import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NS } from "../../../xmpp/ns.ts";
import { xml } from "../../../xmpp/xml/xml.ts";
import { DeliveryStage, JULIET, type Sent } from "./delivery_stage.ts";
import type { FakeSession } from "./fake_session.ts";

let stage: DeliveryStage;
afterEach(() => {
  expect(stage.errors).toEqual([]);
});

const TYPING = xml`<composing xmlns="${NS.CHATSTATES}"/>`;
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`);

describe("Order", () => {
  test("a message that comes while older ones are being offered is offered after them", async () => {
    stage = await DeliveryStage.create();
    for (const id of numbers(1, 150)) stage.sends(id);
    await stage.commits();
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.settles();
    expect(balcony.texts).toEqual(numbers(1, 100));
    stage.sends("m151");
    await stage.commits();
    balcony.proves();
    await stage.settles();
    balcony.proves();
    await stage.commits();
    expect(balcony.texts).toEqual(numbers(1, 151));
    balcony.proves();
    await stage.commits();
    expect(stage.isQuiet).toBe(true);
    stage.sends("m152");
    expect(balcony.texts.at(-1)).toBe("m152");
  });

  test("nothing overtakes what waits between a resource's presence and its flush", async () => {
    stage = await DeliveryStage.create();
    stage.sends("m1");
    await stage.commits();
    const balcony = stage.arrives("balcony");
    stage.sends("m2");
    stage.sends("typing", [], { content: TYPING });
    stage.sends("m3");
    await stage.commits();
    expect(balcony.texts).toEqual([]);
    stage.flushes();
    await stage.commits();
    expect(balcony.texts).toEqual(["m1", "m2", "composing", "m3"]);
  });

  test.each([
    ["ready for what waits", 0, ["m1", "m2", "m3", "m4"]],
    // What is for the account alone goes on waiting.
    ["of negative priority", -1, ["m2", "m3", "m4"]],
  ])("to the full JID nothing overtakes what was sent before the presence: %s", async (_, priority, texts) => {
    stage = await DeliveryStage.create();
    const to = `${JULIET}/balcony`;
    stage.sends("m1");
    await stage.commits();
    const balcony = stage.arrives("balcony", { available: false });
    stage.sends("m2", [], { to });
    // The session is available, and the account's profile does not tell of it yet.
    Object.assign(balcony, { available: true, priority });
    stage.sends("m3", [], { to });
    stage.sends("m4", ["notify deliver direct"], { to });
    await stage.settles();
    stage.tellsProfile();
    stage.flushes();
    await stage.commits();
    for (const remind of stage.reminders.splice(0)) remind();
    await stage.commits();
    expect(balcony.texts).toEqual(texts);
    balcony.proves();
    await stage.commits();
  });

  test("a message without a row keeps its place among those from storage", async () => {
    stage = await DeliveryStage.create();
    for (const id of numbers(1, 120)) stage.sends(id);
    await stage.commits();
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.settles();
    stage.sends("typing", [], { content: TYPING });
    stage.sends("m121");
    await stage.commits();
    for (let i = 0; i < 3; i++) {
      balcony.proves();
      await stage.commits();
    }
    expect(balcony.texts).toEqual([...numbers(1, 120), "composing", "m121"]);
  });

  test("a window is offered when the one before is proved, not when it is sent", async () => {
    stage = await DeliveryStage.create();
    for (const id of numbers(1, 101)) stage.sends(id);
    await stage.commits();
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.commits();
    balcony.proves(99);
    await stage.commits();
    expect(balcony.texts).toEqual(numbers(1, 100));
    balcony.proves();
    await stage.commits();
    expect(balcony.texts.at(-1)).toBe("m101");
  });

  test("a client that proves nothing gets the next window after a while, and what is new after the last", async () => {
    stage = await DeliveryStage.create();
    for (const id of numbers(1, 250)) stage.sends(id);
    await stage.commits();
    const balcony = stage.arrives("balcony");
    stage.flushes();
    for (const count of [100, 200, 250]) {
      await stage.settles();
      expect(balcony.given).toHaveLength(count);
      stage.time += 250;
      for (const remind of stage.reminders.splice(0)) remind();
    }
    stage.sends("m251");
    await stage.commits();
    expect(balcony.texts).toEqual(numbers(1, 251));
    expect(await stage.waiting()).toEqual(numbers(1, 251));
  });

  test("when a session dies in the middle of a flush, the next resource gets all that was not proved, in order", async () => {
    stage = await DeliveryStage.create();
    for (const id of numbers(1, 130)) stage.sends(id);
    await stage.commits();
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.settles();
    balcony.proves(40);
    stage.sends("m131");
    await stage.settles();
    stage.leaves(balcony);
    await stage.commits();
    const chamber = stage.arrives("chamber");
    stage.flushes();
    for (let i = 0; i < 4; i++) {
      await stage.commits();
      chamber.proves();
    }
    await stage.commits();
    expect(chamber.texts).toEqual(numbers(41, 131));
    expect(await stage.waiting()).toEqual([]);
    expect(stage.isQuiet).toBe(true);
  });

  test("when it dies while another resource is there, that one goes on where it stopped", async () => {
    stage = await DeliveryStage.create();
    for (const id of numbers(1, 130)) stage.sends(id);
    await stage.commits();
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.settles();
    const chamber = stage.arrives("chamber");
    stage.flushes();
    await stage.settles();
    balcony.proves(10);
    stage.leaves(balcony);
    stage.sends("m131");
    for (let i = 0; i < 4; i++) {
      await stage.commits();
      chamber.proves();
    }
    await stage.commits();
    expect(chamber.texts).toEqual(numbers(11, 131));
    expect(stage.isQuiet).toBe(true);
  });

  test("a session that is over before anybody was told: what it had comes before what is new", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony", { priority: 5 });
    stage.sends("m1", [], { to: `${JULIET}/balcony` });
    stage.sends("m2", [], { to: `${JULIET}/balcony` });
    balcony.ends();
    const chamber = stage.arrives("chamber");
    stage.sends("m3", [], { to: `${JULIET}/balcony` });
    expect(chamber.texts).toEqual(["m1", "m2", "m3"]);
    stage.leaves(balcony);
    expect(chamber.texts).toEqual(["m1", "m2", "m3"]);
    chamber.proves();
    await stage.commits();
    expect(stage.isQuiet).toBe(true);
  });

  test.each([0, 1])(
    "what a session with %i unproved was given behind its end comes before what is new",
    async (count) => {
      stage = await DeliveryStage.create();
      const balcony = stage.arrives("balcony");
      const chamber = stage.arrives("chamber");
      const to = `${JULIET}/balcony`;
      const old = numbers(1, count);
      for (const id of old) stage.sends(id, [], { to });
      await stage.commits();
      // While a row is read, all else waits in the mailbox.
      stage.delivery.tell({ kind: "expire", seq: 1 });
      stage.sends("given", [], { to });
      stage.leaves(balcony);
      stage.sends("new", [], { to });
      await stage.commits();
      expect(chamber.texts).toEqual([...old, "given", "new"]);
      chamber.proves();
      await stage.commits();
      expect(stage.isQuiet).toBe(true);
    },
  );

  test("carbon copies of a message that comes behind what waits come behind it too, once each", async () => {
    stage = await DeliveryStage.create();
    for (const id of numbers(1, 100)) stage.sends(id);
    await stage.commits();
    const tablet = stage.arrives("tablet", { carbons: true, priority: -1 });
    const balcony = stage.arrives("balcony", { carbons: true });
    const to = `${JULIET}/balcony`;
    stage.sends("m101", [], { to });
    stage.sends("m102", ["drop expire-at 2026-11-22T12:00:05Z"], { to });
    stage.flushes();
    await stage.commits();
    stage.time += 10_000;
    expect(tablet.given).toEqual([]);
    balcony.proves();
    await stage.commits();
    stage.sends("m103", [], { to });
    balcony.proves();
    await stage.commits();
    expect(balcony.texts.slice(100)).toEqual(["m101", "m103"]);
    expect(tablet.given.map((copy) => /m\d+/.exec(copy.toString())?.[0])).toEqual(["m101", "m103"]);
  });

  test("so have those of a message that has no row to come from", async () => {
    stage = await DeliveryStage.create();
    for (const id of numbers(1, 100)) stage.sends(id);
    await stage.commits();
    const tablet = stage.arrives("tablet", { carbons: true, priority: -1 });
    const balcony = stage.arrives("balcony", { carbons: true });
    stage.flushes();
    await stage.commits();
    const content = xml`<body>m101</body><no-store xmlns="${NS.HINTS}"/>`;
    stage.sends("m101", ["drop deliver stored"], { to: `${JULIET}/balcony`, content });
    balcony.proves();
    await stage.commits();
    expect(balcony.texts.slice(100)).toEqual(["m101"]);
    expect(tablet.given.map((copy) => /m\d+/.exec(copy.toString())?.[0])).toEqual(["m101"]);
  });

  test("what is new waits behind what cannot be read at once", async () => {
    stage = await DeliveryStage.create();
    stage.sends("m1");
    await stage.commits();
    stage.store.refuses = "pending";
    const balcony = stage.arrives("balcony");
    stage.flushes();
    stage.sends("m2");
    await stage.commits();
    expect(balcony.texts).toEqual([]);
    expect(stage.errors.splice(0).join()).toContain("cannot read waiting messages");
    stage.store.refuses = undefined;
    for (const task of stage.reminders.splice(0)) task();
    stage.sends("m3");
    await stage.commits();
    expect(balcony.texts).toEqual(["m1", "m2", "m3"]);
  });

  test("an event that a flush found in the log first is not sent twice", async () => {
    stage = await DeliveryStage.create();
    await stage.store.run([["append", [{ owner: JULIET, seq: 77, text: EVENT, waiting: {} }]]]);
    stage.sends("m1");
    await stage.commits();
    const balcony = stage.arrives("balcony");
    stage.flushes();
    stage.sends("e1", [], {
      notice: true,
      seq: 77,
      from: "localhost",
      to: `${JULIET}/balcony`,
      content: xml`<body>e1</body>`,
    });
    await stage.commits();
    expect(balcony.texts.filter((text) => text.startsWith("e1"))).toHaveLength(1);
    balcony.proves();
    await stage.commits();
    expect(await stage.waiting()).toEqual([]);
  });

  test("a row that a flush has passed before it was committed is offered all the same", async () => {
    stage = await DeliveryStage.create();
    for (const id of numbers(1, 3)) stage.sends(id);
    await stage.commits();
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.settles();
    // Its number was given before those of the rows above, by another actor.
    await stage.store.run([["append", [{ owner: JULIET, seq: 77, text: EVENT, waiting: {} }]]]);
    stage.sends("e1", [], {
      notice: true,
      seq: 77,
      from: "localhost",
      to: `${JULIET}/balcony`,
      content: xml`<body>e1</body>`,
    });
    balcony.proves();
    await stage.commits();
    expect(balcony.texts).toEqual(["m1", "m2", "m3", "e1"]);
  });
});

const EVENT =
  xml`<message xmlns="jabber:client" from="localhost" to="${JULIET}/balcony" id="e1"><body>e1</body></message>`.text;

type Step =
  | { readonly kind: "sends"; readonly full: boolean; readonly rules: boolean }
  | { readonly kind: "arrives" | "leaves" | "dies" | "settles" | "commits" | "holds" | "releases" }
  | { readonly kind: "proves"; readonly count: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("sends" as const), full: fc.boolean(), rules: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("proves" as const), count: fc.integer({ min: 1, max: 5 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom("arrives", "leaves", "dies", "settles", "commits", "holds", "releases"),
    }),
  },
);

/** Plays the steps with one resource at a time, then lets everything come to its end. */
async function play(steps: readonly Step[], archive: boolean) {
  stage = await DeliveryStage.create({ archive });
  const sent = new Map<string, Sent>();
  const everBound: FakeSession[] = [];
  let present: FakeSession | undefined;
  const take = async (at: Step): Promise<void> => {
    switch (at.kind) {
      case "sends": {
        const id = `m${sent.size + 1}`;
        const to = at.full && present !== undefined ? present.jid.text : JULIET;
        sent.set(id, stage.sends(id, at.rules ? ["notify deliver direct", "notify deliver stored"] : [], { to }));
        return;
      }
      case "arrives":
        if (present !== undefined) return;
        present = stage.arrives(`r${everBound.length}`);
        everBound.push(present);
        return stage.flushes();
      case "leaves":
        if (present !== undefined) stage.leaves(present);
        present = undefined;
        return;
      case "dies":
        return present?.ends();
      case "proves":
        if (present?.isOver === false) present.proves(at.count);
        return;
      case "settles":
        return await stage.settles();
      case "commits":
        return await stage.commits();
      case "holds":
        stage.store.isHeld = true;
        return;
      case "releases":
        return stage.store.release();
      default:
        at satisfies never;
    }
  };
  for (const at of steps) await take(at);
  stage.store.release();
  if (present !== undefined) stage.leaves(present);
  present = undefined;
  await stage.commits();
  const last = stage.arrives("last");
  everBound.push(last);
  stage.flushes();
  for (let round = 0; round < 4; round++) {
    await stage.commits();
    last.proves();
  }
  await stage.commits();
  return { sent, everBound };
}

test("property: whatever comes and goes, each session gets messages in order, none is lost, each has one verdict", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, archive) => {
      const { sent, everBound } = await play(steps, archive);
      for (const session of everBound) {
        const order = session.texts.map((text) => Number(text.slice(1)));
        expect(order).toEqual([...order].sort((a, b) => a - b));
        expect(new Set(order).size).toBe(order.length);
      }
      const got = new Set(everBound.flatMap((session) => session.texts));
      expect(got.size).toBe(sent.size);
      expect(await stage.waiting()).toEqual([]);
      for (const [id, message] of sent) expect([id, message.accepted]).toEqual([id, 1]);
      expect(new Set(stage.told).size).toBe(stage.told.length);
      const ids = stage.told.map((event) => event.slice(event.lastIndexOf(" ") + 1));
      expect(new Set(ids).size).toBe(ids.length);
      expect(stage.errors).toEqual([]);
      expect(stage.isQuiet).toBe(true);
      await stage.store.close();
    }),
    { numRuns: 60 },
  );
}, 60_000);
