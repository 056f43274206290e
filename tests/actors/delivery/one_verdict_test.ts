/** Contract "One verdict": each rule fires at most once, and a stored message is never bounced as well. */
import { afterEach, describe, expect, test } from "bun:test";
import { DeliveryStage, JULIET } from "./delivery_stage.ts";

let stage: DeliveryStage;
afterEach(() => {
  expect(stage.errors).toEqual([]);
});

const AT = "2026-11-22T12:00:10Z";
const SOONER = "2026-11-22T12:00:05Z";
const NOTIFY_BOTH = ["notify deliver direct", "notify deliver stored"];

describe("One verdict: notify for direct", () => {
  test("is sent once though two resources prove receipt", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    const chamber = stage.arrives("chamber");
    stage.sends("m1", ["notify deliver direct"]);
    expect(stage.told).toEqual([]);
    balcony.proves();
    chamber.proves();
    await stage.commits();
    expect(stage.told).toEqual(["notify deliver direct of m1"]);
    expect(stage.isQuiet).toBe(true);
  });

  test("is not sent at the write, nor when the session dies; the fall-back to storage is what is told, once", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    const sent = stage.sends("m1", NOTIFY_BOTH);
    await stage.commits();
    expect(stage.told).toEqual([]);
    stage.leaves(balcony);
    await stage.commits();
    expect(stage.told).toEqual(["notify deliver stored of m1"]);
    expect(sent.accepted).toBe(1);
    stage.arrives("chamber").proves();
    stage.flushes();
    await stage.settles();
    stage.sessions[0]!.proves();
    await stage.commits();
    expect(stage.told).toEqual(["notify deliver stored of m1"]);
    expect(await stage.waiting()).toEqual([]);
  });

  test("waits for its own event to be durable before the message counts as accepted", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    stage.store.isHeld = true;
    const sent = stage.sends("m1", ["notify deliver direct"]);
    balcony.proves();
    await stage.commits();
    expect(sent.accepted).toBe(0);
    expect(stage.told).toEqual([]);
    stage.store.release();
    await stage.commits();
    expect(sent.accepted).toBe(1);
    expect(stage.told).toEqual(["notify deliver direct of m1"]);
    expect(await stage.waiting("romeo@localhost")).toEqual(["notify deliver direct of m1"]);
  });
});

describe("One verdict: a waiting message", () => {
  test("fires its deadline once, however often it is called", async () => {
    stage = await DeliveryStage.create();
    stage.sends("m1", [`alert expire-at ${AT}`]);
    await stage.commits();
    const [seq] = await seqs();
    stage.time += 20_000;
    stage.store.isHeld = true;
    for (let i = 0; i < 3; i++) stage.delivery.tell({ kind: "expire", seq: seq! });
    await stage.settles();
    stage.store.release();
    await stage.commits();
    stage.delivery.tell({ kind: "expire", seq: seq! });
    await stage.commits();
    expect(stage.told).toEqual([`alert expire-at ${AT} of m1`]);
    expect(await stage.waiting()).toEqual([]);
    expect(await stage.waiting("romeo@localhost")).toEqual([`alert expire-at ${AT} of m1`]);
  });

  test("with a notify for its deadline is told of it once, stays, and is not told again after a restart", async () => {
    stage = await DeliveryStage.create();
    stage.sends("m1", [`notify expire-at ${AT}`]);
    await stage.commits();
    stage.time += 20_000;
    const [seq] = await seqs();
    stage.delivery.tell({ kind: "expire", seq: seq! });
    stage.delivery.tell({ kind: "expire", seq: seq! });
    await stage.commits();
    await stage.crashes();
    stage.delivery.tell({ kind: "expire", seq: seq! });
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.commits();
    expect(balcony.texts).toEqual(["m1"]);
    expect(stage.told).toEqual([`notify expire-at ${AT} of m1`]);
  });

  test("that was reported as stored is not reported as direct after a restart", async () => {
    stage = await DeliveryStage.create();
    stage.sends("m1", NOTIFY_BOTH);
    await stage.commits();
    await stage.crashes();
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.settles();
    balcony.proves();
    await stage.commits();
    expect(stage.told).toEqual(["notify deliver stored of m1"]);
  });

  test("that is held back when a notify for its deadline is overdue is offered when it may be", async () => {
    stage = await DeliveryStage.create();
    stage.sends("m1", [`notify expire-at ${AT}`]);
    await stage.commits();
    stage.time += 20_000;
    stage.tellsProfile({ blocked: new Set(["romeo@localhost"]) });
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.commits();
    expect(balcony.texts).toEqual([]);
    stage.tellsProfile({ blocked: new Set() });
    stage.flushes();
    await stage.commits();
    expect(balcony.texts).toEqual(["m1"]);
    expect(stage.told).toEqual([`notify expire-at ${AT} of m1`]);
  });

  test("is not bounced when its recipient blocks the sender meanwhile; it is held back until the block is lifted", async () => {
    stage = await DeliveryStage.create();
    stage.sends("m1");
    await stage.commits();
    stage.tellsProfile({ blocked: new Set(["romeo@localhost"]) });
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.commits();
    expect(balcony.texts).toEqual([]);
    expect(stage.told).toEqual([]);
    stage.tellsProfile({ blocked: new Set() });
    stage.flushes();
    await stage.commits();
    expect(balcony.texts).toEqual(["m1"]);
  });

  async function seqs(): Promise<number[]> {
    const [reply] = await stage.store.run([["pending", JULIET, 0, 10]]);
    return (reply as { value: readonly { seq: number }[] }).value.map(({ seq }) => seq);
  }
});

describe("One verdict: expire-at", () => {
  test("of a message in a live session waits for proof, and a message that was delivered never expires", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    stage.sends("m1", [`error expire-at ${AT}`]);
    await stage.commits();
    stage.time += 20_000;
    const seq = await firstSeq();
    stage.delivery.tell({ kind: "expire", seq });
    await stage.commits();
    expect(stage.told).toEqual([]);
    balcony.proves();
    stage.delivery.tell({ kind: "expire", seq });
    await stage.commits();
    expect(stage.told).toEqual([]);
    expect(stage.isQuiet).toBe(true);
  });

  test("of a message in a session without connection fires, and the session is told not to send it again", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    const chamber = stage.arrives("chamber");
    stage.sends("m1", [`error expire-at ${AT}`], { to: `${JULIET}/balcony` });
    await stage.commits();
    stage.time += 20_000;
    balcony.connected = false;
    const seq = await firstSeq();
    stage.delivery.tell({ kind: "expire", seq });
    await stage.commits();
    expect(stage.told).toEqual([`error expire-at ${AT} of m1`]);
    expect(balcony.revoked).toEqual([seq]);
    expect(chamber.revoked).toEqual([]);
    stage.leaves(balcony);
    await stage.commits();
    expect(stage.told).toHaveLength(1);
    expect(chamber.texts).toEqual([]);
    expect(stage.isQuiet).toBe(true);
  });

  test.each([
    [[`drop expire-at ${AT}`], Date.parse(AT)],
    [["notify deliver direct", `drop expire-at ${AT}`], Date.parse(AT)],
    [[`drop expire-at ${AT}`, `error expire-at ${SOONER}`], Date.parse(SOONER)],
    [[`notify expire-at ${SOONER}`, `drop expire-at ${AT}`], undefined],
    [[`notify expire-at ${AT}`, `drop expire-at ${SOONER}`], Date.parse(SOONER)],
  ])("of %j forbids to send the message again from its time on", async (rules, until) => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    stage.sends("m1", rules);
    expect(balcony.untils).toEqual([until]);
  });

  test.each([
    [[`notify expire-at ${AT}`, "notify deliver direct"], ["notify expire-at"]],
    [
      ["notify deliver direct", `notify expire-at ${AT}`],
      ["notify expire-at", "notify deliver"],
    ],
  ])("of %j closes the rules after it, and not those before", async (rules, told) => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    stage.sends("m1", rules);
    await stage.commits();
    stage.time += 20_000;
    balcony.connected = false;
    stage.delivery.tell({ kind: "expire", seq: await firstSeq() });
    await stage.commits();
    balcony.connected = true;
    balcony.proves();
    await stage.commits();
    expect(stage.told.map((event) => event.split(" ").slice(0, 2).join(" "))).toEqual(told);
    expect(await stage.waiting()).toEqual([]);
  });

  test("takes out what a session that was resumed did not send again, and nothing sends it on", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    stage.sends("m1", ["notify deliver direct", `error expire-at ${AT}`]);
    stage.sends("m2");
    await stage.commits();
    stage.time += 20_000;
    stage.delivery.tell({ kind: "late", seqs: [await firstSeq()], session: balcony.ref.id });
    await stage.commits();
    expect(balcony.texts).toEqual(["m1", "m2"]);
    expect(stage.told).toEqual([`error expire-at ${AT} of m1`]);
    expect(await stage.waiting()).toEqual(["m2"]);
  });

  test("is looked at before every dispatch, whether the expiry actor came or not", async () => {
    stage = await DeliveryStage.create();
    stage.sends("late", [`alert expire-at ${AT}`]);
    stage.sends("later");
    await stage.commits();
    stage.time += 20_000;
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.commits();
    expect(balcony.texts).toEqual(["later"]);
    expect(stage.told).toEqual([`alert expire-at ${AT} of late`]);
  });

  test("bars the fall-back of a message whose session died", async () => {
    stage = await DeliveryStage.create();
    const balcony = stage.arrives("balcony");
    stage.sends("m1", [`drop expire-at ${AT}`]);
    await stage.commits();
    stage.time += 20_000;
    stage.leaves(balcony);
    await stage.commits();
    expect(await stage.waiting()).toEqual([]);
    expect(stage.told).toEqual([]);
    expect(stage.isQuiet).toBe(true);
  });

  async function firstSeq(): Promise<number> {
    const [reply] = await stage.store.run([["pending", JULIET, 0, 1]]);
    return (reply as { value: readonly { seq: number }[] }).value[0]!.seq;
  }
});
