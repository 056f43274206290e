/** Messages that a session has, without proof, after their commit. */
import { afterEach, describe, expect, test } from "bun:test";
import { DeliveryStage } from "./delivery_stage.ts";

let stage: DeliveryStage;
afterEach(() => {
  expect(stage.errors).toEqual([]);
});

async function offered(...ids: string[]) {
  stage = await DeliveryStage.create();
  const balcony = stage.arrives("balcony");
  for (const id of ids) stage.sends(id);
  await stage.commits();
  return balcony;
}

describe("a message that a session has and the log holds", () => {
  test("leaves the log when its receipt is proved", async () => {
    const balcony = await offered("m1", "m2");
    expect(await stage.waiting()).toEqual(["m1", "m2"]);
    expect(stage.isQuiet).toBe(false);
    balcony.proves();
    await stage.commits();
    expect(await stage.waiting()).toEqual([]);
    expect(stage.isQuiet).toBe(true);
  });

  test("goes to another resource when the session ends, in its place among those that are not in the log", async () => {
    const balcony = await offered("m1");
    stage.sends("m2", ["notify deliver direct"]);
    stage.sends("m3");
    await stage.commits();
    stage.sends("m4");
    const garden = stage.arrives("garden", { priority: -1 });
    garden.priority = 1;
    stage.tellsProfile();
    stage.leaves(balcony);
    await stage.commits();
    expect(garden.texts).toEqual(["m1", "m2", "m3", "m4"]);
    garden.proves();
    await stage.commits();
    expect([await stage.waiting(), stage.told]).toEqual([[], ["notify deliver direct of m2"]]);
    expect(stage.isQuiet).toBe(true);
  });

  test("waits in storage when nobody else is there", async () => {
    const balcony = await offered("m1", "m2", "m3");
    balcony.proves(1);
    stage.leaves(balcony);
    await stage.commits();
    expect(await stage.waiting()).toEqual(["m2", "m3"]);
    expect(stage.isQuiet).toBe(true);
    const garden = stage.arrives("garden");
    stage.flushes();
    await stage.commits();
    expect(garden.texts).toEqual(["m2", "m3"]);
  });

  test("is not offered once more by a flush for another resource", async () => {
    const balcony = await offered("m1");
    const garden = stage.arrives("garden");
    stage.flushes();
    await stage.commits();
    expect([balcony.texts, garden.texts]).toEqual([["m1"], []]);
  });

  test("is offered after a crash", async () => {
    await offered("m1");
    await stage.crashes();
    const garden = stage.arrives("garden");
    stage.flushes();
    await stage.commits();
    expect(garden.texts).toEqual(["m1"]);
  });
});
