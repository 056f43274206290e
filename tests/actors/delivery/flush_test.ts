/** Rows that a flush reads while something else is under way with them, or that it cannot offer. */
import { afterEach, describe, expect, test } from "bun:test";
import { StoreFault } from "../../../store/store.ts";
import { NS } from "../../../xmpp/ns.ts";
import { xml } from "../../../xmpp/xml/xml.ts";
import { DeliveryStage } from "./delivery_stage.ts";

let stage: DeliveryStage;
let expected: string[] = [];
afterEach(() => {
  expect(stage.errors.filter((error) => !expected.some((what) => error.startsWith(what)))).toEqual([]);
  expected = [];
});

/** m1 comes back to rest, whose transaction the store is at; another resource is there. */
async function comesBack() {
  stage = await DeliveryStage.create();
  const balcony = stage.arrives("balcony");
  await stage.settles();
  stage.sends("m1", ["notify deliver stored"]);
  stage.sends("m2");
  await stage.commits();
  stage.store.isHeld = true;
  stage.leaves(balcony);
  await stage.settles();
  const garden = stage.arrives("garden");
  stage.flushes();
  await stage.settles();
  return { garden };
}

describe("a flush that reads a row whose new rules are being committed", () => {
  test("tells nothing that is not so, where that fails", async () => {
    const { garden } = await comesBack();
    stage.store.fault = new StoreFault("full", "Cannot commit: no space");
    stage.store.release();
    await stage.settles();
    stage.store.fault = undefined;
    await stage.commits();
    expect([stage.told, await stage.waiting("romeo@localhost")]).toEqual([[], []]);
    expect(garden.texts).toEqual(["m1", "m2"]);
    garden.proves();
    await stage.commits();
    expect([await stage.waiting(), stage.isQuiet]).toEqual([[], true]);
    expected = ["store cannot commit", "rule not carried out"];
  });

  test("offers it after the commit, in its place, and the report goes out once", async () => {
    const { garden } = await comesBack();
    stage.store.release();
    await stage.commits();
    expect(garden.texts).toEqual(["m1", "m2"]);
    const report = ["notify deliver stored of m1"];
    expect([stage.told, await stage.waiting("romeo@localhost")]).toEqual([report, report]);
    garden.proves();
    await stage.commits();
    expect([await stage.waiting(), stage.isQuiet]).toEqual([[], true]);
  });
});

describe("a row that could not be offered", () => {
  test("is offered by the next flush", async () => {
    stage = await DeliveryStage.create();
    for (const id of ["m1", "m2"]) stage.sends(id);
    await stage.commits();
    const balcony = stage.arrives("balcony");
    const { ref } = balcony;
    const { tell } = ref;
    ref.tell = (letter) => {
      ref.tell = tell;
      throw new Error(`Cannot take ${letter.kind}`);
    };
    stage.flushes();
    await stage.settles();
    expect(balcony.texts).toEqual(["m2"]);
    stage.flushes();
    await stage.settles();
    expect(balcony.texts).toEqual(["m2", "m1"]);
    balcony.proves();
    await stage.commits();
    expect([await stage.waiting(), stage.isQuiet]).toEqual([[], true]);
    expected = ["cannot offer waiting message"];
  });
});

describe("the share of a sender", () => {
  test("is not diminished by the proof of what was not counted: rows with a session when all was counted", async () => {
    stage = await DeliveryStage.create({
      offlineLimits: { messages: 1000, fromSender: 3, fromStrangers: 1000, bytes: 1e9 },
    });
    for (const id of ["r1", "r2", "r3"]) stage.sends(id);
    // More than one window, so that the flush goes on.
    for (let n = 0; n < 102; n++) stage.sends(`a${n}`, [], { from: `nurse${n}@localhost/kitchen` });
    await stage.commits();
    await stage.crashes();
    const balcony = stage.arrives("balcony");
    stage.flushes();
    await stage.settles();
    balcony.priority = -1;
    stage.tellsProfile();
    stage.sends("b1");
    await stage.commits();
    balcony.proves();
    await stage.commits();
    for (let n = 1; n <= 6; n++) stage.sends(`c${n}`);
    await stage.commits();
    const waiting = await stage.waiting();
    expect(waiting.filter((text) => /^[rbc]/.test(text))).toEqual(["b1", "c1", "c2"]);
  });
});

describe("modules learn of an offer", () => {
  test.each([
    ["with rules", ["notify deliver direct"]],
    ["without rules", []],
  ])("only when a session takes it: no copy of what goes to nobody, %s", async (_, rules) => {
    stage = await DeliveryStage.create();
    stage.sends("m1");
    await stage.commits();
    const balcony = stage.arrives("balcony");
    const tablet = stage.arrives("tablet", { carbons: true, priority: -1 });
    stage.arrives("phone", { priority: -1 });
    // Behind m1, which is on its way from storage.
    stage.sends("typing", rules, { content: xml`<composing xmlns="${NS.CHATSTATES}"/>` });
    await stage.settles();
    stage.leaves(balcony);
    await stage.commits();
    expect([balcony.texts, tablet.texts]).toEqual([[], []]);
  });

  test("when it is given to another after all", async () => {
    stage = await DeliveryStage.create();
    stage.sends("m1");
    await stage.commits();
    const balcony = stage.arrives("balcony");
    const tablet = stage.arrives("tablet", { carbons: true, priority: -1 });
    stage.sends("typing", ["notify deliver direct"], { content: xml`<composing xmlns="${NS.CHATSTATES}"/>` });
    await stage.settles();
    balcony.ends();
    stage.sessions.splice(stage.sessions.indexOf(balcony), 1);
    const garden = stage.arrives("garden");
    stage.flushes();
    await stage.commits();
    expect(garden.texts).toEqual(["m1", "undefined deliver direct of typing"]);
    expect(tablet.texts).toEqual(["received"]);
  });
});
