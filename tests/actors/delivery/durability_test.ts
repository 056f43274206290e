/** Contracts "Durability" and "Proof of receipt": nothing is called accepted, stored or direct before it is so. */
import { afterEach, describe, expect, test } from "bun:test";
import { StoreFault } from "../../../store/store.ts";
import { NS } from "../../../xmpp/ns.ts";
import { xml } from "../../../xmpp/xml/xml.ts";
import { DeliveryStage, JULIET } from "./delivery_stage.ts";

let stage: DeliveryStage;
afterEach(() => {
  expect(stage.errors.filter((error) => !expected.some((what) => error.startsWith(what)))).toEqual([]);
  expected = [];
});
let expected: string[] = [];

describe("Durability: accepted", () => {
  test("means committed, for a recipient who is away", async () => {
    stage = await DeliveryStage.create();
    stage.store.isHeld = true;
    const sent = stage.sends("m1", ["notify deliver stored"]);
    await stage.commits();
    expect([sent.accepted, stage.told]).toEqual([0, []]);
    stage.store.release();
    await stage.commits();
    expect([sent.accepted, sent.outcomes, stage.told]).toEqual([1, ["stored"], ["notify deliver stored of m1"]]);
  });

  test("means committed or proved, for one who is there", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    stage.store.isHeld = true;
    const first = stage.sends("m1");
    const second = stage.sends("m2");
    await stage.settles();
    expect(balcony.texts).toEqual(["m1", "m2"]);
    balcony.proves(1);
    expect([first.accepted, second.accepted]).toEqual([1, 0]);
    stage.store.release();
    await stage.commits();
    expect([first.accepted, second.accepted]).toEqual([1, 1]);
  });

  test("means committed where an archive is to keep it, though receipt is proved before", async () => {
    stage = await DeliveryStage.create({ archive: true });
    const balcony = stage.arrives("balcony");
    stage.store.isHeld = true;
    const sent = stage.sends("m1");
    balcony.proves();
    await stage.commits();
    expect([sent.accepted, sent.outcomes]).toEqual([0, ["direct"]]);
    stage.store.release();
    await stage.commits();
    expect(sent).toEqual({ accepted: 1, outcomes: ["direct"] });
    expect(await stage.archived(JULIET)).toEqual(["m1"]);
    expect(stage.isQuiet).toBe(true);
  });

  test("covers the event of a message that a rule has ended", async () => {
    stage = await DeliveryStage.create();
    stage.store.isHeld = true;
    const sent = stage.sends("m1", ["alert deliver stored"]);
    await stage.commits();
    expect([sent.accepted, stage.told]).toEqual([0, []]);
    stage.store.release();
    await stage.commits();
    expect([sent.accepted, stage.told]).toEqual([1, ["alert deliver stored of m1"]]);
    expect(await stage.waiting("romeo@localhost")).toEqual(["alert deliver stored of m1"]);
  });

  test("is said once, whatever happens afterwards", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    const sent = stage.sends("m1");
    await stage.commits();
    stage.leaves(balcony);
    await stage.commits();
    const chamber = stage.arrives("chamber");
    stage.flushes();
    await stage.commits();
    chamber.proves();
    await stage.commits();
    expect(sent.accepted).toBe(1);
  });
});

describe("Durability: the row of a message", () => {
  test("goes on proof of receipt, never on read", async () => {
    stage = await DeliveryStage.create();
    stage.sends("m1");
    await stage.commits();
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.commits();
    expect(balcony.texts).toEqual(["m1"]);
    expect(await stage.waiting()).toEqual(["m1"]);
    balcony.proves();
    await stage.commits();
    expect(await stage.waiting()).toEqual([]);
  });

  test("outlives the process: what was not proved is offered again, with the same stanza id", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    stage.sends("m1");
    await stage.commits();
    await stage.crashes();
    const chamber = stage.arrives("chamber");
    stage.flushes();
    await stage.commits();
    const ids = [balcony, chamber].map(({ given }) => given[0]?.payload("stanza-id", "urn:xmpp:sid:0")?.attr("id"));
    expect(ids[0]).toBeDefined();
    expect(ids[1]).toBe(ids[0]);
  });

  test("and its event change together: after a crash before the commit both are as before", async () => {
    stage = await DeliveryStage.create();
    stage.sends("m1", ["alert expire-at 2026-11-22T12:00:10Z"]);
    await stage.commits();
    stage.time += 20_000;
    stage.store.isHeld = true;
    const [reply] = await stage.store.look([["pending", JULIET, 0, 1]]);
    stage.delivery.tell({ kind: "expire", seq: (reply as { value: { seq: number }[] }).value[0]!.seq });
    await stage.commits();
    expect(stage.told).toEqual([]);
    expect(await stage.waiting()).toEqual(["m1"]);
    stage.store.release();
    await stage.commits();
    expect(await stage.waiting()).toEqual([]);
    expect(stage.told).toHaveLength(1);
  });
});

describe("Durability: a store that cannot commit", () => {
  test("makes no message stored: its sender gets an error, once", async () => {
    stage = await DeliveryStage.create();
    stage.store.fault = new StoreFault("full", "Cannot commit: no space");
    expected = ["store cannot commit"];
    stage.sends("m0");
    await stage.settles();
    const sent = stage.sends("m1", ["notify deliver stored"]);
    await stage.commits();
    expected.push("rule not carried out");
    expect(sent).toEqual({ accepted: 1, outcomes: ["none resource-constraint"] });
    expect(stage.told).toEqual(["error m0", "error m1"]);
    stage.store.fault = undefined;
    await stage.commits();
    expect(await stage.waiting()).toEqual([]);
    expect(await stage.waiting("romeo@localhost")).toEqual([]);
    expect(stage.isQuiet).toBe(true);
  });

  test.each(["drop expire-at 2026-11-22T13:00:00Z", "notify deliver stored"])(
    "does not keep the row alone: a message with the rule %s that falls back to storage is not called stored",
    async (rule) => {
      stage = await DeliveryStage.create();
      const balcony = stage.arrives("balcony");
      const sent = stage.sends("m1", [rule]);
      stage.store.refuses = "append";
      stage.leaves(balcony);
      await stage.commits();
      expect(sent).toEqual({ accepted: 1, outcomes: ["none internal-server-error"] });
      expect(stage.told).toEqual(["error m1"]);
      stage.store.refuses = undefined;
      await stage.commits();
      expect(await stage.waiting()).toEqual([]);
      expect(await stage.waiting("romeo@localhost")).toEqual([]);
      expect(stage.isQuiet).toBe(true);
      stage.errors.length = 0;
    },
  );

  test("looks after the deadline of a message under way itself, where the row that would tell of it was refused", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    stage.store.fault = new StoreFault("full", "the disk is full");
    stage.sends("m1", ["error expire-at 2026-11-22T12:00:10Z"]);
    await stage.commits();
    stage.store.fault = undefined;
    stage.errors.length = 0;
    balcony.connected = false;
    stage.time += 11_000;
    for (const remind of stage.reminders.splice(0)) remind();
    await stage.commits();
    expect(stage.told).toHaveLength(1);
    expect(balcony.revoked).toHaveLength(1);
    expect(stage.isQuiet).toBe(true);
  });

  test("leaves a message whose deadline could not be carried out to the next flush, and stops no other", async () => {
    stage = await DeliveryStage.create();
    const ids = Array.from({ length: 100 }, (_, at) => `m${at + 1}`);
    const at = "2026-11-22T12:00:10Z";
    for (const id of ids) stage.sends(id, id === "m100" ? [`error expire-at ${at}`] : []);
    stage.sends("m101");
    await stage.commits();
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.commits();
    balcony.proves(99);
    await stage.commits();
    balcony.connected = false;
    stage.time += 20_000;
    const [reply] = await stage.store.run([["pending", JULIET, 0, 1]]);
    const [row] = (reply as { value: readonly { seq: number }[] }).value;
    stage.store.fault = new StoreFault("full", "Cannot commit: no space");
    stage.delivery.tell({ kind: "expire", seq: row!.seq });
    await stage.commits();
    stage.errors.length = 0;
    stage.store.fault = undefined;
    balcony.connected = true;
    await stage.commits();
    expect(balcony.texts).toEqual([...ids, "m101"]);
    balcony.proves();
    const chamber = stage.arrives("chamber");
    stage.flushes();
    await stage.commits();
    expect([chamber.texts, stage.told]).toEqual([[], [`error expire-at ${at} of m100`]]);
    expect(await stage.waiting()).toEqual([]);
  });

  test("leaves a message with its device, whose proof still counts", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    stage.store.fault = new StoreFault("full", "Cannot commit: no space");
    expected = ["store cannot commit"];
    const sent = stage.sends("m1");
    await stage.commits();
    expect(sent).toEqual({ accepted: 0, outcomes: [] });
    balcony.proves();
    expect(sent).toEqual({ accepted: 1, outcomes: ["direct"] });
    expect(stage.isQuiet).toBe(true);
  });

  test("and no device either: the error goes out when the session dies", async () => {
    stage = await DeliveryStage.create({ offline: false });
    const balcony = stage.arrives("balcony");
    const sent = stage.sends("m1", ["notify deliver none"]);
    stage.leaves(balcony);
    await stage.commits();
    expect(sent.accepted).toBe(1);
    expect(stage.told).toEqual(["notify deliver none of m1", "error m1"]);
    expect(stage.isQuiet).toBe(true);
  });

  test("what nothing keeps is counted at once: the time of it tells nobody whether a device is there", async () => {
    const hint = xml`<no-store xmlns="${NS.HINTS}"/>`;
    stage.arrives("balcony");
    const sent = stage.sends("m1", [`drop expire-at ${new Date(stage.time + 1e6).toISOString()}`], { content: hint });
    expect([sent.accepted, stage.sessions[0]!.given.length]).toEqual([1, 1]);
    stage.sessions[0]!.proves();
    expect(sent.accepted).toBe(1);
  });
});

describe("Proof of receipt", () => {
  test("alone makes a message direct; the bound on stored messages counts what waits, not what was read", async () => {
    stage = await DeliveryStage.create({ offlineLimits: { messages: 3, fromSender: 3, fromStrangers: 3, bytes: 1e9 } });
    for (const id of ["m1", "m2", "m3", "m4"]) stage.sends(id);
    await stage.commits();
    expect(stage.told).toEqual(["error m4"]);
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.commits();
    balcony.proves(2);
    stage.leaves(balcony);
    await stage.commits();
    for (const id of ["m5", "m6", "m7"]) stage.sends(id);
    await stage.commits();
    expect(stage.told).toEqual(["error m4", "error m7"]);
    expect(await stage.waiting()).toEqual(["m3", "m5", "m6"]);
  });

  test("makes room; that there was none the operator hears once an hour", async () => {
    stage = await DeliveryStage.create({ offlineLimits: { messages: 2, fromSender: 2, fromStrangers: 2, bytes: 1e9 } });
    const told = { what: "offline storage is full", account: JULIET, sender: "romeo@localhost" };
    for (const id of ["m1", "m2", "m3", "m4"]) stage.sends(id);
    await stage.commits();
    expect(stage.warnings).toEqual([told]);
    stage.time += 3_600_000;
    stage.sends("m5");
    await stage.commits();
    expect(stage.warnings).toEqual([told, told]);
    expect(stage.told).toEqual(["error m3", "error m4", "error m5"]);
  });

  test("of one of several resources settles the message for all", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    const chamber = stage.arrives("chamber");
    const sent = stage.sends("m1");
    balcony.proves();
    stage.leaves(chamber);
    await stage.commits();
    expect(sent).toEqual({ accepted: 1, outcomes: ["direct"] });
    expect(balcony.texts).toEqual(["m1"]);
    expect(await stage.waiting()).toEqual([]);
  });

  test("is not awaited where nobody asks: a chat state is gone when it is sent", async () => {
    stage = await DeliveryStage.create();
    stage.arrives("balcony");
    const sent = stage.sends("m1", [], { type: "headline" });
    expect(sent.accepted).toBe(1);
    expect(stage.isQuiet).toBe(true);
  });
});
